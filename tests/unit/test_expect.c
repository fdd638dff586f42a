/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/expect.h"
#include "util/duration.h"

#define START 1767323045000000006
#define MS NS_PER_MS

/* A curl whose --connect-timeout of 2 s ended the wait. */
static struct tried sample(void)
{
	struct tried t = { .number = 1,
			   .logical = 1,
			   .decides = true,
			   .name = "db.internal",
			   .pid = 7,
			   .comm = "curl",
			   .start_ns = START,
			   .end_ns = START + 2003 * MS,
			   .elapsed_ns = 2003 * MS,
			   .outcome = OUTCOME_ABANDONED,
			   .gave_up_by = GAVE_UP_APPLICATION,
			   .limit = LIMIT_APP_TIMER,
			   .confidence = CONFIDENCE_LIKELY,
			   .error = ETIMEDOUT,
			   .n_syns = 2,
			   .n_replies = 3,
			   .n_ignored = 1 };

	assert_int_equal(endpoint_parse("198.18.0.1:80", &t.flow.server), 0);
	return t;
}

static int check(const char *text, const struct expect_run *run, struct expect_row *rows)
{
	static struct expect x; /* rows borrow from it */
	struct err e = { 0 };

	memset(&x, 0, sizeof(x));
	if (expect_add(&x, text, &e))
		print_error("%s: %s\n", text, e.what);
	assert_int_equal(x.n > 0, true);
	return expect_judge(&x, run, rows);
}

static void check_one(const char *text, bool held, const struct tried *t)
{
	struct expect_run run = { .tried = t, .n = 1, .exit_status = 28 };
	struct expect_row row;

	if (check(text, &run, &row) != !held || row.held != held)
		print_error("%s: %s, actual %s\n", text, row.held ? "held" : "not held", row.actual);
	assert_int_equal(row.held, held);
}

static void each_term(void **state)
{
	static const char *const hold[] = {
		"outcome=abandoned",
		"outcome!=refused",
		"gave-up=application",
		"gave_up_by=application",
		"gave-up!=kernel",
		"limit=app-timer",
		"limit!=none",
		"confidence=likely",
		"confidence>=likely",
		"confidence<certain",
		"errno=ETIMEDOUT",
		"errno=110",
		"errno!=none",
		"errno!=ECONNREFUSED",
		"within=2003ms",
		"within=2.003",
		"within=3s",
		"within=2s..2.5s",
		"within=..2003ms",
		"within=2s..",
		"within=2003ms..2003ms",
		"within!=2s",
		"within!=..2s",
		"within>2s",
		"within>=2003ms",
		"within<2004ms",
		"within<=2003ms",
		"syns=2",
		"syns<=3",
		"syns=1..2",
		"syns=2..",
		"syns=..2",
		"syns!=3..5",
		"syns>1",
		"replies=3",
		"ignored=1",
		"address=198.18.0.1",
		"address=198.18.0.0/16",
		"address=198.18.0.1/31",
		"address=0.0.0.0/0",
		"address!=198.18.0.2",
		"address!=::/0",
		"port=80",
		"port<1024",
		"name=db.internal",
		"name=DB.Internal.",
		"name!=db",
		"process=curl",
		"process!=Curl",
		"exit=28",
		"exit!=0",
		"exit=1..255",
		"signal=none",
		"signal!=SIGKILL",
		"attempts=1",
		"attempts=1..",
		"connects=1",
		" syns  <=\t3 ",
	};
	static const char *const fail[] = {
		"outcome=refused",
		"outcome!=abandoned",
		"gave-up=kernel",
		"limit=none",
		"confidence=certain",
		"confidence>likely",
		"errno=none",
		"errno=ECONNREFUSED",
		"errno!=110",
		"within=2s",
		"within=2002999us",
		"within=2003000001ns..",
		"within!=3s",
		"within!=2s..2.5s",
		"within<2003ms",
		"within>2003ms",
		"within<=2s",
		"within>=2.1s",
		"syns=3",
		"syns=..1",
		"syns=3..",
		"syns!=2",
		"syns!=2..4",
		"syns<2",
		"syns>2",
		"replies=2",
		"ignored=0",
		"address=198.18.0.2",
		"address=198.18.0.0/32",
		"address=198.19.0.0/16",
		"address=198.18.0.2/31",
		"address=::/0",
		"address!=198.0.0.0/8",
		"port=443",
		"name=db",
		"name=db.internal2",
		"name!=db.internal",
		"process=Curl",
		"process=cur",
		"exit=0",
		"exit>28",
		"signal=KILL",
		"signal=9",
		"attempts=2",
		"attempts=2..",
		"connects!=1",
	};
	struct tried t = sample();
	size_t i;

	for (i = 0; i < sizeof(hold) / sizeof(hold[0]); i++)
		check_one(hold[i], true, &t);
	for (i = 0; i < sizeof(fail) / sizeof(fail[0]); i++)
		check_one(fail[i], false, &t);
}

static void prefixes(void **state)
{
	struct tried t = sample();

	assert_int_equal(endpoint_parse("[2001:db8:8000::1]:443", &t.flow.server), 0);
	check_one("address=2001:db8:8000::1", true, &t);
	check_one("address=2001:DB8::/32", true, &t);
	check_one("address=2001:db8::/33", false, &t);
	check_one("address=2001:db8:8000::/33", true, &t);
	check_one("address=2001:db8:8000::2/127", false, &t);
	check_one("address=0.0.0.0/0", false, &t);
	/* of long names and commands the beginning was kept */
	memset(t.name, 'a', sizeof(t.name) - 1);
	strcpy(t.comm, "fifteen-letters");
	check_one("name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.internal", false, &t);
	check_one("name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.internal", true, &t);
	check_one("process=fifteen-letters-and-more", true, &t);
	check_one("process=fifteen-letter", false, &t);
	memset(t.name, 0, sizeof(t.name));
	check_one("name=none", false, &t);
}

static const char *row_of(const char *text, const struct expect_run *run, const char *expected, const char *actual)
{
	static struct expect_row row;

	check(text, run, &row);
	assert_string_equal(row.expected, expected);
	assert_string_equal(row.actual, actual);
	return row.name;
}

static void rows(void **state)
{
	struct tried t = sample();
	struct expect_run run = { .tried = &t, .n = 1, .exit_status = 28 };

	assert_string_equal(row_of("gave_up_by=kernel", &run, "kernel", "application"), "gave-up");
	row_of("within=1s..1.5s", &run, "1s..1.5s", "2.003 s");
	row_of("within=1s", &run, "at most 1s", "2.003 s");
	row_of("within!=3s", &run, "not at most 3s", "2.003 s");
	row_of("within<2s", &run, "< 2s", "2.003 s");
	row_of("syns != 2", &run, "not 2", "2");
	row_of("errno=none", &run, "none", "ETIMEDOUT");
	row_of("address=10.0.0.0/8", &run, "10.0.0.0/8", "198.18.0.1");
	row_of("name=db", &run, "db", "db.internal");
	row_of("limit=none", &run, "none", "app-timer");
	row_of("exit=0", &run, "0", "28");
	row_of("signal=TERM", &run, "TERM", "none");
	/* as many digits as show why */
	t.end_ns = START + 2000 * MS + 300000;
	row_of("within=2s", &run, "at most 2s", "2.000300 s");
	t.end_ns = START + 2000 * MS + 1;
	row_of("within=2s", &run, "at most 2s", "2.000000001 s");
	row_of("within=2.1s", &run, "at most 2.1s", "2.000 s");
	t.limit = LIMIT_NONE;
	t.error = 0;
	t.name[0] = '\0';
	row_of("limit=app-timer", &run, "app-timer", "none");
	row_of("errno=EPIPE", &run, "EPIPE", "none");
	row_of("name=db", &run, "db", "none");
	run.exit_status = -1;
	run.exit_signal = 9;
	row_of("exit=0", &run, "0", "none: ended by SIGKILL");
	row_of("signal=TERM", &run, "TERM", "SIGKILL");
	run.exit_signal = 0;
	row_of("exit=0", &run, "0", "not known");
}

static void without_a_status(void **state)
{
	struct expect_run run = { .exit_status = -1, .exit_signal = 15 };
	struct expect_row r[4];

	assert_int_equal(check("exit=0,exit<5,exit>=0,exit!=0", &run, r), 3);
	assert_true(r[3].held);
	assert_int_equal(check("signal=TERM,signal=15,signal=SIGTERM,signal!=none", &run, r), 0);
}

static void no_attempt(void **state)
{
	struct expect_run run = { .exit_status = 0 };
	struct expect_row r[4];

	assert_int_equal(check("outcome!=refused,exit=0,attempts=0,connects=0", &run, r), 1);
	assert_false(r[0].held);
	assert_true(r[0].nothing);
	assert_string_equal(r[0].actual, "no connection attempt was made");
	assert_false(r[1].nothing || r[2].nothing || r[3].nothing);
}

/* Happy Eyeballs: the winner decides, from the first SYN of both. */
static void deciders(void **state)
{
	struct tried t[2] = { sample(), sample() };
	struct expect_run run = { .tried = t, .n = 2, .exit_status = 0 };
	struct expect_row r[5];

	t[0].decides = false;
	t[1].number = 2;
	t[1].outcome = OUTCOME_ESTABLISHED;
	t[1].start_ns = START + 200 * MS;
	t[1].end_ns = START + 201 * MS;
	assert_int_equal(check("outcome=established,within=201ms..201ms,attempts=2,connects=1,within<=200ms", &run, r),
			 1);
	assert_false(r[4].held);
	assert_string_equal(r[4].actual, "0.201 s");
}

static void pending(void **state)
{
	struct tried t = sample();

	t.outcome = OUTCOME_PENDING;
	check_one("within=3s", false, &t);
	check_one("within<3s", false, &t);
	check_one("within<=3s", false, &t);
	check_one("within!=3s", false, &t);
	check_one("within!=1s", true, &t);
	check_one("within=2s..", true, &t);
	check_one("within=2s..3s", false, &t);
	check_one("within>2s", true, &t);
	check_one("within>=2003ms", true, &t);
	check_one("within>2003ms", false, &t);
}

/* Those that offend are named, at most three. */
static void several(void **state)
{
	struct tried t[6];
	struct expect_run run = { .tried = t, .n = 6, .exit_status = 0 };
	uint32_t i;

	for (i = 0; i < 6; i++) {
		t[i] = sample();
		t[i].number = t[i].logical = i + 1;
		t[i].flow.server.addr.b[3] = (uint8_t)(i + 1);
		t[i].n_syns = (int)i;
		t[i].start_ns += i * NS_PER_S;
		t[i].end_ns = t[i].start_ns + i * NS_PER_S;
		if (i % 2)
			t[i].name[0] = '\0';
	}
	row_of("syns>0", &run, "> 0", "0 to 198.18.0.1:80 (db.internal)");
	row_of("syns>1", &run, "> 1", "0 to 198.18.0.1:80 (db.internal), 1 to 198.18.0.2:80");
	row_of("syns>5", &run, "> 5",
	       "0 to 198.18.0.1:80 (db.internal), 1 to 198.18.0.2:80, 2 to 198.18.0.3:80 (db.internal) and 3 more");
	row_of("within<4s", &run, "< 4s", "4.000 s to 198.18.0.5:80 (db.internal), 5.000 s to 198.18.0.6:80");
	row_of("syns<9", &run, "< 9",
	       "0 to 198.18.0.1:80 (db.internal), 1 to 198.18.0.2:80, 2 to 198.18.0.3:80 (db.internal) and 3 more");
}

static void wrong(const char *text, const char *what, const char *remedy)
{
	struct expect x = { 0 };
	struct err e = { .remedy = "an old one" };

	assert_int_equal(expect_add(&x, "syns=1,exit=2", &e), 0);
	assert_int_equal(expect_add(&x, text, &e), -EINVAL);
	if (!strstr(e.what, what) || !strstr(e.remedy, remedy))
		print_error("%s: %s: %s\n", text, e.what, e.remedy);
	assert_non_null(strstr(e.what, what));
	assert_non_null(strstr(e.remedy, remedy));
	assert_true(*remedy || !e.remedy[0]);
	assert_int_equal(e.exit_code, 2);
	assert_int_equal(x.n, 2);
	assert_int_equal(expect_add(&x, text, NULL), -EINVAL);
}

static void refused(void **state)
{
	wrong("", "a clause is empty", "");
	wrong("syns=1,,exit=0", "a clause is empty", "");
	wrong("syns=1,", "a clause is empty", "");
	wrong("syns", "compares with nothing", "= != < <= > >=");
	wrong("=3", "names nothing", "OP");
	wrong("syns=", "a value is missing", "VALUE");
	wrong("syns==3", "no such comparison", "= != < <= > >=");
	wrong("syns=<3", "no such comparison", "= != < <= > >=");
	wrong("sins=3", "sins: there is no such thing", "did you mean syns?");
	wrong("elephants=3", "no such thing", "outcome, gave-up, limit");
	wrong("outcome=timeout", "outcome=timeout: not a word", "did you mean timed-out?");
	wrong("outcome=elephants", "not a word", "established, refused, unreachable, timed-out");
	wrong("outcome=Refused", "not a word", "did you mean refused?");
	wrong("gave-up=aplication", "not a word", "did you mean application?");
	wrong("limit=syn-retry", "not a word", "did you mean syn-retries?");
	wrong("confidence=sure", "not a word", "unknown, likely, certain");
	wrong("outcome<refused", "none is less", "outcome takes = or !=");
	wrong("errno>=ETIMEDOUT", "none is less", "errno takes");
	wrong("errno=ETIMEOUT", "not an errno", "did you mean ETIMEDOUT?");
	wrong("errno=elephants", "not an errno", "its number");
	wrong("errno=-1", "not an errno", "its number");
	wrong("signal=SIGTREM", "not a signal", "did you mean TERM?");
	wrong("signal=TREM", "not a signal", "did you mean TERM?");
	wrong("signal=65", "not a signal", "its number");
	wrong("signal=0", "not a signal", "none");
	wrong("within=soon", "not a duration", "300ms");
	wrong("within=-2s", "not a duration", "300ms");
	wrong("within=2s..soon", "not a duration", "300ms");
	wrong("within=101d", "not a duration", "300ms");
	wrong("within=9999999s", "more than it can be", "100 days");
	wrong("within=3s..2s", "ends before it begins", "");
	wrong("within<2s..3s", "a range goes with", "");
	wrong("within=..", "at least one end", "");
	wrong("syns=two", "not a number", "2..4");
	wrong("syns=1.5", "not a number", "2..4");
	wrong("syns=5000000000", "more than it can be", "at most 4294967295");
	wrong("port=65536", "more than it can be", "at most 65535");
	wrong("exit=256", "more than it can be", "at most 255");
	wrong("address=db.internal", "not an address", "`name`");
	wrong("address=10.0.0.0/33", "network's prefix", "from 0 to 32");
	wrong("address=::/129", "network's prefix", "from 0 to 128");
	wrong("address=10.0.0.0/", "network's prefix", "from 0 to 32");
	wrong("name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	      "too long", "95");
}

static void up_to_the_last(void **state)
{
	struct expect x = { 0 };
	int i;

	for (i = 0; i < EXPECT_MAX / 2; i++)
		assert_int_equal(expect_add(&x, "syns=1, exit = 2", NULL), 0);
	assert_int_equal(x.n, EXPECT_MAX);
	assert_string_equal(x.clauses[1].text, "exit = 2");
	assert_string_equal(x.clauses[1].value, "2");
	assert_int_equal(expect_add(&x, "syns=1", NULL), -EINVAL);
	assert_int_equal(x.n, EXPECT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_term),	    cmocka_unit_test(prefixes),	  cmocka_unit_test(rows),
		cmocka_unit_test(without_a_status), cmocka_unit_test(no_attempt), cmocka_unit_test(deciders),
		cmocka_unit_test(pending),	    cmocka_unit_test(several),	  cmocka_unit_test(refused),
		cmocka_unit_test(up_to_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
