/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/echo.h"

#define MS INT64_C(1000000)

/* SYNs with TSval 1000 to 3000, the last 10 ms ago. */
static bool refused(uint32_t tsecr)
{
	return echo_is_refused(1000, 3000, 10 * MS, tsecr);
}

static void of_its_syns(void **state)
{
	(void)state;
	assert_false(refused(1000));
	assert_false(refused(1001));
	assert_false(refused(3000));
	assert_true(refused(999));
	assert_true(refused((uint32_t)-100000));
}

/* The kernel takes an echo of 0 for none. */
static void none(void **state)
{
	(void)state;
	assert_false(refused(0));
}

/* What a clock of 1 MHz could have come to is not too late. */
static void later(void **state)
{
	(void)state;
	assert_false(refused(3010));
	assert_false(refused(13000));
	assert_true(refused(16000));
	assert_true(echo_is_refused(5000, 5000, -MS, 7000));
	assert_false(echo_is_refused(5000, 5000, -MS, 5000));
}

/* A clock that passes 0 between two SYNs. */
static void wrapped(void **state)
{
	const uint32_t first = (uint32_t)-500;

	(void)state;
	assert_false(echo_is_refused(first, 500, 0, first));
	assert_false(echo_is_refused(first, 500, 0, 500));
	assert_true(echo_is_refused(first, 500, 0, first - 1));
	assert_true(echo_is_refused(first, 500, 0, 0x7f000000));
}

/* A capture that has the SYNs in another order does not tell which was the first. */
static void out_of_order(void **state)
{
	(void)state;
	assert_false(echo_is_refused(3000, 1000, 0, 1000));
	assert_false(echo_is_refused(3000, 1000, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_its_syns), cmocka_unit_test(none),	       cmocka_unit_test(later),
		cmocka_unit_test(wrapped),     cmocka_unit_test(out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
