/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "util/buf.h"
#include "util/bytes.h"
#include "util/duration.h"
#include "util/err.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{ "3", 3 * NS_PER_S },
		{ "300ms", 300 * NS_PER_MS },
		{ "1.5s", 1500 * NS_PER_MS },
		{ "2m", 120 * NS_PER_S },
		{ "0.3", 300 * NS_PER_MS },
		{ "250us", 250 * NS_PER_US },
		{ "1h", 3600 * NS_PER_S },
		{ "7ns", 7 },
		{ "0", 0 },
		{ "0.000000001s", 1 },
	};
	static const char *const bad[] = { "", "s", "3x", "-1", "1.", ".5", "1e3", " 3", "3 s", "0x10", "1..2" };
	int64_t ns;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(duration_parse(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(duration_parse(bad[i], &ns), -EINVAL);
	assert_int_equal(duration_parse("101000000", &ns), -ERANGE);
	assert_int_equal(duration_parse("99999999999999999999999", &ns), -ERANGE);
}

static void escaping(void **state)
{
	struct buf b = { 0 };
	static const char nasty[] = "a\x1b[31m\n\t\\\x7f\xff\xc2\x9b"
				    "caf\xc3\xa9\xe2\x80\xae";

	buf_escaped(&b, nasty, sizeof(nasty) - 1);
	assert_string_equal(buf_text(&b), "a\\x1b[31m\\n\\t\\\\\\x7f\\xff\\xc2\\x9b"
					  "caf\xc3\xa9\\xe2\\x80\\xae");
	buf_fini(&b);
}

static void growth(void **state)
{
	struct buf b = { 0 };
	int i;

	assert_string_equal(buf_text(&b), "");
	for (i = 0; i < 1000; i++)
		buf_fmt(&b, "%d,", i);
	assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_int_equal(strlen(buf_text(&b)), b.len);
	buf_reset(&b);
	assert_string_equal(buf_text(&b), "");
	buf_fini(&b);
}

static void cursor(void **state)
{
	static const uint8_t data[] = { 1, 2, 3, 4, 5 };
	struct bytes b = bytes_of(data, sizeof(data));
	uint32_t v = 9;
	uint16_t h = 9;

	assert_true(bytes_u32be(&b, &v));
	assert_int_equal(v, 0x01020304);
	assert_false(bytes_u16be(&b, &h));
	assert_int_equal(h, 9);
	assert_int_equal(b.len, 1);
	assert_true(bytes_skip(&b, 1));
	assert_false(bytes_skip(&b, 1));
}

static void errors(void **state)
{
	struct err e = { 0 };

	assert_int_equal(err_sys(&e, EPERM, "open %s", "x"), -EPERM);
	assert_string_equal(e.what, "open x: Operation not permitted");
	err_wrap(&e, "lab");
	assert_string_equal(e.what, "lab: open x: Operation not permitted");
	assert_int_equal(err_set(NULL, EINVAL, "x"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations), cmocka_unit_test(escaping), cmocka_unit_test(growth),
		cmocka_unit_test(cursor),    cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
