/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts at random against the rule by which they are one connect, very many, and those for which there is no memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/random.h"
#include "tests/unit/tried_words.h"

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

static uint64_t seed = 20260102;

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
		cmocka_unit_test(as_the_rule),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
