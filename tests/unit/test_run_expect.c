/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "cli/run_expect.h"
#include "util/duration.h"

static struct tried sample(void)
{
	struct tried t = { .number = 1,
			   .logical = 1,
			   .decides = true,
			   .name = "db\x1b[31m",
			   .comm = "client",
			   .end_ns = 10010 * NS_PER_MS,
			   .outcome = OUTCOME_TIMED_OUT,
			   .gave_up_by = GAVE_UP_KERNEL };

	assert_int_equal(endpoint_parse("198.18.0.1:80", &t.flow.server), 0);
	return t;
}

static void check(const char *expression, const struct tried *t, size_t n, const char *text)
{
	struct expect x = { 0 };
	struct expect_row rows[EXPECT_MAX];
	struct buf b = { 0 };

	assert_int_equal(expect_add(&x, expression, NULL), 0);
	expect_judge(&x, &(struct expect_run){ .tried = t, .n = n }, rows);
	run_expect_text(rows, x.n, &b);
	assert_string_equal(buf_text(&b), text);
	buf_fini(&b);
}

static void rows_that_fail(void **state)
{
	struct tried t = sample();

	check("gave-up=application,outcome=timed-out,within=1s..1.5s", &t, 1,
	      "synsent: not as expected\n"
	      "         gave-up  expected application  was kernel\n"
	      "         within   expected 1s..1.5s     was 10.010 s\n");
	check("outcome=timed-out,exit=0", &t, 1, "");
	check("outcome=refused,attempts=1..2", NULL, 0,
	      "synsent: not as expected\n"
	      "         outcome   expected refused  no connection attempt was made\n"
	      "         attempts  expected 1..2     was 0\n");
}

/* Of what comes from outside nothing reaches the terminal as it is. */
static void from_outside(void **state)
{
	struct tried t[2] = { sample(), sample() };

	t[1].number = t[1].logical = 2;
	check("name=db", t, 1,
	      "synsent: not as expected\n"
	      "         name  expected db  was db\\x1b[31m\n");
	check("within<1s", t, 2,
	      "synsent: not as expected\n"
	      "         within  expected < 1s  was 10.010 s to 198.18.0.1:80 (db\\x1b[31m), "
	      "10.010 s to 198.18.0.1:80 (db\\x1b[31m)\n");
	check("process=\x1b]0;x\x07", t, 1,
	      "synsent: not as expected\n"
	      "         process  expected \\x1b]0;x\\x07  was client\n");
	/* a long one is not what the others are aligned to */
	check("process=a-name-that-is-longer-than-the-column-can-be,syns=1", t, 1,
	      "synsent: not as expected\n"
	      "         process  expected a-name-that-is-longer-than-the-column-can-be  was client\n"
	      "         syns     expected 1  was 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_that_fail),
		cmocka_unit_test(from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
