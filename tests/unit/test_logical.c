/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/logical.h"
#include "random.h"
#include "util/duration.h"

void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *p, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *p, size_t len);
void *__real_malloc(size_t len);

static long until_none = -1; /* so many more are given; below 0: all */

static bool none_left(void)
{
	return !until_none || (until_none > 0 && !until_none--);
}

void *__wrap_malloc(size_t len)
{
	return none_left() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t n, size_t len)
{
	return none_left() ? NULL : __real_calloc(n, len);
}

void *__wrap_realloc(void *p, size_t len)
{
	return none_left() ? NULL : __real_realloc(p, len);
}

#define START 1767323045000000006
#define MS NS_PER_MS

/* One after the other, in order of their begin; times in ms. */
struct row {
	const char *address, *name, *comm;
	int32_t pid;
	int begin, end;
	enum outcome outcome;
	uint32_t logical;
	const char *roles; /* w: won, c: cancelled, d: decides */
};

static uint64_t seed = 20260102;

static struct endpoint server(const char *text)
{
	struct endpoint e;

	assert_int_equal(endpoint_parse(text, &e), 0);
	return e;
}

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

#define EST OUTCOME_ESTABLISHED
#define REF OUTCOME_REFUSED
#define TIM OUTCOME_TIMED_OUT
#define ABA OUTCOME_ABANDONED
#define PEN OUTCOME_PENDING

#define V6 "[2001:db8::1]:80"
#define V4 "198.18.0.1:80"

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

/* The rule as core/logical.h says it, each attempt compared with each. */
static bool may_join(const struct tried *t, size_t i, size_t first)
{
	int64_t ends = INT64_MIN;
	int32_t pid = 0;
	const char *comm = "";
	size_t k;

	for (k = first; k < i; k++) {
		if (t[k].logical != t[first].logical)
			continue;
		if (addr_equal(&t[k].flow.server.addr, &t[i].flow.server.addr))
			return false;
		if (t[k].outcome == EST && t[k].end_ns <= t[i].start_ns)
			return false;
		if (t[k].outcome == PEN)
			ends = INT64_MAX;
		else if (t[k].end_ns > ends)
			ends = t[k].end_ns;
		pid = pid ? pid : t[k].pid;
		comm = comm[0] ? comm : t[k].comm;
	}
	if (t[i].flow.server.port != t[first].flow.server.port || strcmp(t[i].name, t[first].name))
		return false;
	if (pid && t[i].pid ? pid != t[i].pid : comm[0] && t[i].comm[0] && strcmp(comm, t[i].comm))
		return false;
	return ends >= t[i].start_ns - (t[i].name[0] ? 1500 : 100) * MS;
}

/* The number of the first group that attempt i may join; its own when there is none. */
static uint32_t first_choice(const struct tried *t, size_t i)
{
	size_t k;

	for (k = 0; k < i && (t[k].logical != t[k].number || !may_join(t, i, k)); k++)
		;
	return t[k].number;
}

static int64_t random_tried(struct tried *ret, int64_t at, bool pids_known, uint32_t n_pids)
{
	static const char *const names[] = { "", "db", "www" }, *const comms[] = { "", "curl", "wget" };
	static const enum outcome outcomes[] = { EST, REF, TIM, ABA, PEN };

	at += random_below(&seed, 3) * 25 * MS;
	ret->start_ns = at;
	ret->end_ns = at + random_below(&seed, 12) * 25 * MS;
	ret->pid = (int32_t)(random_below(&seed, n_pids) + pids_known);
	ret->flow.server = server(random_below(&seed, 2) ? V4 : V6);
	ret->flow.server.addr.b[3] = (uint8_t)random_below(&seed, 3);
	ret->outcome = outcomes[random_below(&seed, 5)];
	strcpy(ret->name, names[random_below(&seed, n_pids)]);
	strcpy(ret->comm, comms[random_below(&seed, 3)]);
	return at;
}

/* Each attempt is where it may be, and alone only where it must; of several groups it joins the first, unless a process
 * became known later. */
static void as_the_rule(void **state)
{
	struct tried t[40];
	int64_t at;
	int round, i;
	uint32_t n_pids, choice;

	for (round = 0; round < 3000; round++) {
		memset(t, 0, sizeof(t));
		at = START;
		n_pids = 1 + random_below(&seed, 3);
		for (i = 0; i < 40; i++) {
			at = random_tried(&t[i], at, round % 2, n_pids);
			t[i].number = (uint32_t)i + 1;
		}
		logical_group(t, 40);
		for (i = 0; i < 40; i++) {
			choice = first_choice(t, (size_t)i);
			if (round % 2 || t[i].logical == t[i].number)
				assert_int_equal(t[i].logical, choice);
			else
				assert_true(may_join(t, (size_t)i, t[i].logical - 1));
		}
	}
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

/* Without memory each attempt is a connect of its own; never something between. */
static void without_memory(void **state)
{
	struct tried t[200];
	int i, given, alone = 0;
	size_t groups;

	for (given = 0; given < 40; given++) {
		memset(t, 0, sizeof(t));
		for (i = 0; i < 200; i++) {
			random_tried(&t[i], START + i * 25 * MS, true, 3);
			t[i].number = (uint32_t)i + 1;
		}
		until_none = given;
		groups = logical_group(t, 200);
		until_none = -1;
		alone += groups == 200;
		for (i = 0; i < 200; i++) {
			assert_int_equal(t[i].logical, groups == 200 ? t[i].number : first_choice(t, (size_t)i));
			assert_true(groups < 200 || (t[i].decides && !t[i].won && !t[i].cancelled));
		}
	}
	assert_in_range(alone, 7, 39);
}

#define MANY 100000

static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Linear: what takes 30 ms here would take a minute if each were compared with each. */
static void timed_group(struct tried *t, size_t groups)
{
	int64_t since_ns = cpu_ns();

	assert_int_equal(logical_group(t, MANY), groups);
	assert_true(cpu_ns() - since_ns < 5 * NS_PER_S);
}

static struct tried one_of_many(int i)
{
	struct tried t = { .number = (uint32_t)i + 1,
			   .start_ns = START + i * MS,
			   .end_ns = START + 1000000 * MS,
			   .outcome = TIM,
			   .pid = 7 };

	t.flow.server = server(V4);
	strcpy(t.name, "db");
	strcpy(t.comm, "load");
	return t;
}

static void number_address(struct tried *t, int i)
{
	t->flow.server.addr.b[1] = (uint8_t)(i >> 16);
	t->flow.server.addr.b[2] = (uint8_t)(i >> 8);
	t->flow.server.addr.b[3] = (uint8_t)i;
}

static void many(void **state)
{
	struct tried *t = calloc(MANY, sizeof(*t));
	int i;

	assert_non_null(t);
	/* one address, and all wait at once */
	for (i = 0; i < MANY; i++)
		t[i] = one_of_many(i);
	timed_group(t, MANY);
	/* ... each by a process of its own, or by none known */
	for (i = 0; i < MANY; i++)
		t[i].pid = i + 1;
	timed_group(t, MANY);
	for (i = 0; i < MANY; i++)
		t[i].pid = i % 3 ? i : 0;
	timed_group(t, MANY);
	/* each another address: one connect that tries them all */
	for (i = 0; i < MANY; i++) {
		t[i] = one_of_many(i);
		number_address(&t[i], i);
	}
	timed_group(t, 1);
	/* many connects that each try 100 addresses, the addresses one after the other */
	for (i = 0; i < MANY; i++)
		number_address(&t[i], i / 1000);
	timed_group(t, 1000);
	for (i = 0; i < MANY; i++)
		assert_int_equal(t[i].logical, i % 1000 + 1);
	/* one waits for ever and tries new ones, while many to one address fail; later come its addresses once more */
	for (i = 0; i < MANY; i++) {
		t[i] = one_of_many(i);
		number_address(&t[i], i >= MANY / 2 ? i - MANY / 2 : i % 2 ? MANY : i / 2);
		if (i % 2 || i >= MANY / 2) {
			t[i].start_ns += i < MANY / 2 ? 0 : 2 * NS_PER_S;
			t[i].end_ns = t[i].start_ns;
		}
	}
	timed_group(t, 1 + (MANY / 4 - 1) + 1);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(happy_eyeballs),  cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(retries),	   cmocka_unit_test(what_sets_apart),
		cmocka_unit_test(unknown_process), cmocka_unit_test(sum),
		cmocka_unit_test(as_the_rule),	   cmocka_unit_test(from_an_attempt),
		cmocka_unit_test(without_memory),  cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
