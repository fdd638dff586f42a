/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts that are one connect of a program, and those that are not, case by case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tried_words.h"

/* One after the other, in order of their begin; times in ms. */
struct row {
	const char *address, *name, *comm;
	int32_t pid;
	int begin, end;
	enum outcome outcome;
	uint32_t logical;
	const char *roles; /* w: won, c: cancelled, d: decides */
};

static struct tried tried(const struct row *r, uint32_t number)
{
	struct tried t = { .number = number,
			   .pid = r->pid,
			   .start_ns = START + r->begin * MS,
			   .end_ns = START + r->end * MS,
			   .elapsed_ns = (r->end - r->begin) * MS,
			   .outcome = r->outcome,
			   .won = true,
			   .cancelled = true };

	t.flow.server = server(r->address);
	strncpy(t.name, r->name, sizeof(t.name) - 1);
	strncpy(t.comm, r->comm, sizeof(t.comm) - 1);
	return t;
}

static void check(const struct row *rows, size_t n, size_t groups)
{
	struct tried t[16];
	size_t i;

	assert_true(n <= 16);
	for (i = 0; i < n; i++)
		t[i] = tried(&rows[i], (uint32_t)i + 1);
	assert_int_equal(logical_group(t, n), groups);
	for (i = 0; i < n; i++) {
		if (t[i].logical != rows[i].logical)
			print_error("attempt %zu\n", i + 1);
		assert_int_equal(t[i].logical, rows[i].logical);
		assert_int_equal(t[i].won, strchr(rows[i].roles, 'w') != NULL);
		assert_int_equal(t[i].cancelled, strchr(rows[i].roles, 'c') != NULL);
		assert_int_equal(t[i].decides, strchr(rows[i].roles, 'd') != NULL);
	}
}

#define CHECK(groups, ...)                                           \
	do {                                                         \
		const struct row rows[] = { __VA_ARGS__ };           \
		check(rows, sizeof(rows) / sizeof(rows[0]), groups); \
	} while (0)

static void happy_eyeballs(void **state)
{
	CHECK(1, { V6, "db", "curl", 7, 0, 203, ABA, 1, "c" }, { V4, "db", "curl", 7, 200, 202, EST, 1, "wd" });
	/* both connect: the first one wins, the other one is nobody's loss */
	CHECK(1, { V6, "db", "curl", 7, 0, 201, EST, 1, "wd" }, { V4, "db", "curl", 7, 200, 202, EST, 1, "" });
	/* no one wins: the last end is the outcome */
	CHECK(1, { V6, "db", "curl", 7, 0, 3000, ABA, 1, "" }, { V4, "db", "curl", 7, 200, 3001, ABA, 1, "d" });
	CHECK(1, { V6, "db", "curl", 7, 0, 3000, ABA, 1, "d" }, { V4, "db", "curl", 7, 200, 201, REF, 1, "" });
	/* a timer of the first one's own, before the second began: it failed */
	CHECK(1, { V6, "db", "node", 7, 0, 250, ABA, 1, "" }, { V4, "db", "node", 7, 251, 252, EST, 1, "wd" });
	/* still waiting */
	CHECK(1, { V6, "db", "curl", 7, 0, 0, PEN, 1, "d" }, { V4, "db", "curl", 7, 5000, 6000, TIM, 1, "" });
}

static void one_after_the_other(void **state)
{
	CHECK(1, { V6, "db", "psql", 7, 0, 1000, TIM, 1, "" }, { V4, "db", "psql", 7, 1001, 1002, EST, 1, "wd" });
	/* up to 1.5 s after the failure, or, without a name, 100 ms */
	CHECK(1, { V6, "db", "psql", 7, 0, 1000, TIM, 1, "" }, { V4, "db", "psql", 7, 2500, 2502, REF, 1, "d" });
	CHECK(2, { V6, "db", "psql", 7, 0, 1000, TIM, 1, "d" }, { V4, "db", "psql", 7, 2501, 2502, REF, 2, "d" });
	CHECK(1, { V6, "", "psql", 7, 0, 1000, TIM, 1, "" }, { V4, "", "psql", 7, 1100, 1102, REF, 1, "d" });
	CHECK(2, { V6, "", "psql", 7, 0, 1000, TIM, 1, "d" }, { V4, "", "psql", 7, 1101, 1102, REF, 2, "d" });
	/* three addresses */
	CHECK(1, { "10.0.0.1:5432", "db", "psql", 7, 0, 1, REF, 1, "" },
	      { "10.0.0.2:5432", "db", "psql", 7, 1, 2, REF, 1, "" },
	      { "10.0.0.3:5432", "db", "psql", 7, 3, 4, EST, 1, "wd" });
	/* connected: what begins later is another connect */
	CHECK(2, { V6, "db", "psql", 7, 0, 1, EST, 1, "d" }, { V4, "db", "psql", 7, 1, 2, EST, 2, "d" });
}

static void retries(void **state)
{
	CHECK(2, { V4, "db", "curl", 7, 0, 2000, ABA, 1, "d" }, { V4, "db", "curl", 7, 3000, 5000, ABA, 2, "d" });
	CHECK(2, { V4, "db", "curl", 7, 0, 2000, ABA, 1, "d" }, { V4, "db", "curl", 7, 2000, 2001, EST, 2, "d" });
	/* the same two addresses, twice */
	CHECK(2, { V6, "db", "curl", 7, 0, 1, REF, 1, "" }, { V4, "db", "curl", 7, 2, 3, REF, 1, "d" },
	      { V6, "db", "curl", 7, 4, 5, REF, 3, "" }, { V4, "db", "curl", 7, 6, 7, REF, 3, "d" });
	/* two threads side by side */
	CHECK(2, { V6, "db", "java", 7, 0, 210, ABA, 1, "c" }, { V6, "db", "java", 7, 1, 211, ABA, 2, "c" },
	      { V4, "db", "java", 7, 200, 205, EST, 1, "wd" }, { V4, "db", "java", 7, 201, 206, EST, 2, "wd" });
}

static void what_sets_apart(void **state)
{
	/* two processes of one command */
	CHECK(2, { V6, "db", "curl", 7, 0, 300, ABA, 1, "d" }, { V4, "db", "curl", 8, 200, 202, EST, 2, "d" });
	/* names */
	CHECK(2, { V6, "db", "curl", 7, 0, 300, ABA, 1, "d" }, { V4, "www", "curl", 7, 200, 202, EST, 2, "d" });
	CHECK(2, { V6, "db", "curl", 7, 0, 300, ABA, 1, "d" }, { V4, "", "curl", 7, 200, 202, EST, 2, "d" });
	CHECK(1, { V6, "", "curl", 7, 0, 300, ABA, 1, "c" }, { V4, "", "curl", 7, 200, 202, EST, 1, "wd" });
	/* ports */
	CHECK(2, { V6, "db", "curl", 7, 0, 300, ABA, 1, "d" },
	      { "198.18.0.1:81", "db", "curl", 7, 200, 202, EST, 2, "d" });
}

static void unknown_process(void **state)
{
	/* one with any process of the same command, or of none known */
	CHECK(1, { V6, "db", "curl", 7, 0, 300, ABA, 1, "c" }, { V4, "db", "curl", 0, 200, 202, EST, 1, "wd" });
	CHECK(1, { V6, "db", "curl", 0, 0, 300, ABA, 1, "c" }, { V4, "db", "curl", 7, 200, 202, EST, 1, "wd" });
	CHECK(1, { V6, "db", "", 0, 0, 300, ABA, 1, "c" }, { V4, "db", "curl", 7, 200, 202, EST, 1, "wd" });
	CHECK(1, { V6, "db", "curl", 7, 0, 300, ABA, 1, "c" }, { V4, "db", "", 0, 200, 202, EST, 1, "wd" });
	CHECK(1, { V6, "db", "curl", 0, 0, 300, ABA, 1, "c" }, { V4, "db", "", 7, 200, 202, EST, 1, "wd" });
	CHECK(2, { V6, "db", "curl", 0, 0, 300, ABA, 1, "d" }, { V4, "db", "wget", 7, 200, 202, EST, 2, "d" });
	CHECK(2, { V6, "db", "curl", 0, 0, 300, ABA, 1, "d" }, { V4, "db", "wget", 0, 200, 202, EST, 2, "d" });
	/* once one of its attempts is known the group is */
	CHECK(2, { V6, "db", "curl", 0, 0, 300, ABA, 1, "" }, { V4, "db", "curl", 7, 100, 310, REF, 1, "d" },
	      { "198.18.0.2:80", "db", "curl", 8, 200, 202, EST, 3, "d" });
	CHECK(1, { V6, "db", "curl", 0, 0, 300, ABA, 1, "c" }, { V4, "db", "curl", 7, 100, 310, ABA, 1, "c" },
	      { "198.18.0.2:80", "db", "curl", 7, 200, 202, EST, 1, "wd" });
}

static void sum(void **state)
{
	const struct row rows[] = {
		{ V6, "db", "curl", 7, 0, 203, ABA, 0, "" },	 { V4, "db", "curl", 7, 200, 202, EST, 0, "" },
		{ V4, "db", "curl", 7, 1000, 1001, REF, 0, "" }, { V4, "db", "curl", 7, 2000, 5000, TIM, 0, "" },
		{ V4, "db", "curl", 7, 9000, 9000, PEN, 0, "" },
	};
	struct logical_sum s;
	struct tried t[5];
	size_t i;

	for (i = 0; i < 5; i++)
		t[i] = tried(&rows[i], (uint32_t)i + 1);
	assert_int_equal(logical_group(t, 5), 4);
	logical_sum(t, 5, &s);
	assert_int_equal(s.attempts, 5);
	assert_int_equal(s.logical, 4);
	assert_int_equal(s.failed, 2);
	assert_int_equal(s.cancelled, 1);
	assert_int_equal(s.by_outcome[ABA], 0);
	assert_int_equal(s.by_outcome[EST], 1);
	assert_int_equal(s.by_outcome[REF], 1);
	assert_int_equal(s.by_outcome[TIM], 1);
	assert_int_equal(s.by_outcome[PEN], 1);
	assert_int_equal(logical_group(t, 0), 0);
	logical_sum(t, 0, &s);
	assert_int_equal(s.attempts + s.logical + s.failed, 0);
}

static void from_an_attempt(void **state)
{
	struct attempt *a = calloc(1, sizeof(*a));
	struct verdict v = { .outcome = TIM,
			     .gave_up_by = GAVE_UP_KERNEL,
			     .limit = LIMIT_SYN_RETRIES,
			     .confidence = CONFIDENCE_CERTAIN,
			     .error = ETIMEDOUT,
			     .elapsed_ns = 3 * NS_PER_S };
	struct tried t;
	int i;

	assert_non_null(a);
	a->flow.server = server(V6);
	a->n_syns = 2;
	a->syn_ns[0] = START;
	a->pid = 7;
	memcpy(a->comm, "sixteen-letters!", sizeof(a->comm));
	a->n_replies = 20;
	for (i = 0; i < ATTEMPT_REPLIES_MAX; i++)
		a->replies[i].ignored = i ? IGNORED_WRONG_ACK : IGNORED_NOT;
	tried_of(a, &v, &t);
	assert_true(endpoint_equal(&t.flow.server, &a->flow.server));
	assert_int_equal(t.start_ns, START);
	assert_int_equal(t.end_ns, START + 3 * NS_PER_S);
	assert_int_equal(t.elapsed_ns, 3 * NS_PER_S);
	assert_int_equal(t.outcome, TIM);
	assert_int_equal(t.gave_up_by, GAVE_UP_KERNEL);
	assert_int_equal(t.limit, LIMIT_SYN_RETRIES);
	assert_int_equal(t.confidence, CONFIDENCE_CERTAIN);
	assert_int_equal(t.error, ETIMEDOUT);
	assert_int_equal(t.n_syns, 2);
	assert_int_equal(t.n_replies, 20);
	assert_int_equal(t.n_ignored, 19);
	assert_int_equal(t.pid, 7);
	assert_memory_equal(t.comm, "sixteen-letters!", 16);
	assert_string_equal(t.name, "");
	assert_int_equal(t.number + t.logical, 0);
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(happy_eyeballs),  cmocka_unit_test(one_after_the_other), cmocka_unit_test(retries),
		cmocka_unit_test(what_sets_apart), cmocka_unit_test(unknown_process),	  cmocka_unit_test(sum),
		cmocka_unit_test(from_an_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
