/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "tests/unit/random.h"

#define SEED 20260102u
#define ROUNDS 20000

static uint64_t random_state = SEED;

static uint64_t rnd(void)
{
	return random_u64(&random_state);
}

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* What is written is the shortest form (RFC 5952): zeros compressed once, the longest and leftmost run, lower case. */
static void canonical(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "192.0.2.1", "192.0.2.1" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "0:0:0:0:0:0:0:1", "::1" },
		{ "2001:0DB8:0000:0000:0008:0800:200C:417A", "2001:db8::8:800:200c:417a" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "FE80::", "fe80::" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	char text[ADDR_TEXT_LEN];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a = addr_of(cases[i].text);

		assert_int_equal(a.family, strchr(cases[i].text, ':') ? 6 : 4);
		assert_ptr_equal(addr_format(&a, text), text);
		assert_string_equal(text, cases[i].canonical);
	}
	assert_string_equal(addr_format(&(struct addr){ 0 }, text), "*");
}

static void not_addresses(void **state)
{
	static const char *const bad[] = { "",	       "*",	    "1.2.3",	     "1.2.3.4.5",	 "1.2.3.256",
					   "01.2.3.4", " 1.2.3.4",  "[::1]",	     "::1%lo",		 ":::",
					   "1::2::3",  "12345::",   "::g",	     "1.2.3.4 ",	 "host",
					   "0x7f.1",   "1.2.3.4/8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9" };
	struct addr a = { .family = 9, .b = "untouched" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (addr_parse(bad[i], &a) != -EINVAL)
			fail_msg("\"%s\" is taken for an address", bad[i]);
		assert_int_equal(a.family, 9);
		assert_string_equal((const char *)a.b, "untouched");
	}
}

static void kinds(void **state)
{
	struct addr none = { 0 }, any4 = addr_of("0.0.0.0"), any6 = addr_of("::"), a = addr_of("127.255.0.9");
	struct addr mapped = addr_of("::ffff:127.0.0.1"), one6 = addr_of("::1"), b = addr_of("128.0.0.1");

	assert_true(addr_is_any(&none) && addr_is_any(&any4) && addr_is_any(&any6));
	assert_false(addr_is_any(&a) || addr_is_any(&one6));
	assert_true(addr_is_loopback(&a) && addr_is_loopback(&one6));
	assert_false(addr_is_loopback(&b) || addr_is_loopback(&any4) || addr_is_loopback(&any6) ||
		     addr_is_loopback(&none) || addr_is_loopback(&mapped));
	/* the families differ though the bytes do not */
	assert_false(addr_equal(&any4, &any6) || addr_equal(&any4, &none) || addr_equal(&a, &b));
	assert_true(addr_equal(&a, &a));
}

static void endpoints(void **state)
{
	static const char *const good[] = { "127.0.0.1:80",	   "0.0.0.0:0", "[::1]:80",
					    "[2001:db8::7]:65535", "*:0",	"*:443" };
	static const char *const bad[] = {
		"",
		":",
		"80",
		":80",
		"1.2.3.4",
		"1.2.3.4:",
		"1.2.3.4:65536",
		"1.2.3.4:-1",
		"1.2.3.4:+1",
		"1.2.3.4: 1",
		"1.2.3.4:1 ",
		"1.2.3.4:0x50",
		"1.2.3.4:http",
		"::1:80",
		"[::1]",
		"[::1]80",
		"[::1]:",
		"[::1:80",
		"::1]:80",
		"[1.2.3.4]:80",
		"[*]:80",
		"[]:80",
		"[:80",
		"**:80",
		"1.2.3.4:99999999999999999999",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1",
	};
	char text[ENDPOINT_TEXT_LEN];
	struct endpoint e, untouched;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(endpoint_parse(good[i], &e), 0);
		assert_string_equal(endpoint_format(&e, text), good[i]);
	}
	assert_int_equal(e.addr.family, 0);
	assert_int_equal(e.port, 443);
	memset(&e, 0x5a, sizeof(e));
	untouched = e;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (endpoint_parse(bad[i], &e) != -EINVAL)
			fail_msg("\"%s\" is taken for an endpoint", bad[i]);
		assert_memory_equal(&e, &untouched, sizeof(e));
	}
}

/* Whatever an endpoint holds, its text fits and reads as the same endpoint. */
static void round_trips(void **state)
{
	char text[ENDPOINT_TEXT_LEN], again[ENDPOINT_TEXT_LEN];
	struct endpoint e, back;
	int i, k;

	for (i = 0; i < ROUNDS; i++) {
		memset(&e, 0, sizeof(e));
		e.addr.family = (uint8_t[]){ 0, 4, 6, 6 }[rnd() % 4];
		for (k = 0; k < (e.addr.family == 4 ? 4 : e.addr.family == 6 ? 16 : 0); k++)
			e.addr.b[k] = (uint8_t)(rnd() % 3 ? rnd() : 0);
		e.port = (uint16_t)rnd();
		endpoint_format(&e, text);
		assert_true(strlen(text) < ENDPOINT_TEXT_LEN);
		assert_int_equal(endpoint_parse(text, &back), 0);
		assert_true(endpoint_equal(&e, &back));
		assert_string_equal(endpoint_format(&back, again), text);
		back.port ^= 1;
		assert_false(endpoint_equal(&e, &back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical), cmocka_unit_test(not_addresses), cmocka_unit_test(kinds),
		cmocka_unit_test(endpoints), cmocka_unit_test(round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
