// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sources/jiffies.h"

static uint64_t random_u64(void)
{
	uint64_t r = 0;

	for (int i = 0; i < 5; i++)
		r = r << 15 ^ (uint64_t)(rand() & 0x7fff);
	return r;
}

static void test_to_ms(void **state)
{
	assert_int_equal(jiffies_to_ms(0, 250), 0);
	assert_int_equal(jiffies_to_ms(1, 250), 4);
	assert_int_equal(jiffies_to_ms(1, 100), 10);
	assert_int_equal(jiffies_to_ms(1, 300), 4); /* 3.3 rounded up */
	assert_int_equal(jiffies_to_ms(3, 300), 10);
	assert_int_equal(jiffies_to_ms(4, 300), 14);
	assert_int_equal(jiffies_to_ms(7, 1000), 7);
	assert_int_equal(jiffies_to_ms(1U << 30, 250), 0); /* 2^32 ms */
	/* At boot, with HZ 100: 5 minutes before the wrap of 32-bit jiffies. */
	assert_int_equal(jiffies_to_ms((uint32_t)-30000, 100), (uint32_t)-300000);
}

static void test_there_and_back(void **state)
{
	static const int hzs[] = { 100, 128, 250, 256, 300, 512, 1000 };

	srand(6);
	for (size_t i = 0; i < sizeof(hzs) / sizeof(hzs[0]); i++)
		for (int n = 0; n < 20000; n++) {
			/* 64-bit jiffies of a host that is up for at most some decades */
			uint64_t j = (random_u64() >> 24) + 1000000, near = j + random_u64() % 200001 - 100000;

			assert_true(jiffies_of_ms(jiffies_to_ms((uint32_t)j, hzs[i]), hzs[i], near) == j);
		}
}

/* Above HZ 1000 two jiffies may show as one ms: the first of them. */
static void test_there_and_back_fast(void **state)
{
	srand(7);
	for (int hz = 1024; hz <= 1200; hz += 176)
		for (int n = 0; n < 20000; n++) {
			uint64_t j = (random_u64() >> 24) + 1000000, back;
			uint32_t ms = jiffies_to_ms((uint32_t)j, hz);

			back = jiffies_of_ms(ms, hz, j + 5);
			assert_true(back == j || back == j - 1);
			assert_int_equal(jiffies_to_ms((uint32_t)back, hz), ms);
		}
}

static void test_at(void **state)
{
	struct jiffies_clock c = { .hz = 250, .edge_mono_ns = 1000000007, .at_edge = 5000 };
	int64_t after;

	assert_int_equal(jiffies_at(&c, 1000000007, &after), 5000);
	assert_int_equal(after, 0);
	assert_int_equal(jiffies_at(&c, 1004000006, &after), 5000);
	assert_int_equal(after, 3999999);
	assert_int_equal(jiffies_at(&c, 1004000007, &after), 5001);
	assert_int_equal(after, 0);
	assert_int_equal(jiffies_at(&c, 1000000006, &after), 4999);
	assert_int_equal(after, 3999999);
	assert_int_equal(jiffies_at(&c, 996000007, &after), 4999);
	assert_int_equal(after, 0);
	assert_int_equal(jiffies_at(&c, 61000000007, NULL), 20000);
	assert_int_equal(jiffies_tick_ns(300), 3333333);
}

/* The real thing, loosely: a busy host may be late.  The lab measures it exactly. */
static void test_this_kernel(void **state)
{
	struct jiffies_clock a, b;
	struct err e = { 0 };
	int64_t after;
	uint64_t j;

	assert_int_equal(jiffies_calibrate(&a, &e), 0);
	assert_int_equal(jiffies_calibrate(&b, &e), 0);
	assert_int_equal(a.hz, jiffies_hz());
	j = jiffies_at(&a, b.edge_mono_ns + jiffies_tick_ns(b.hz) / 2, &after);
	assert_true(j + 5 >= b.at_edge && j <= b.at_edge + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_ms),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_there_and_back_fast),
		cmocka_unit_test(test_at),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
