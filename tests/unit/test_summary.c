/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statistics over many attempts: their order and parts change nothing, and memory is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/some_digests.h"

/* Memory: how much is asked for, and whether there is any. */
void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *p, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *p, size_t len);

static size_t asked;
static long until_none = -1; /* so many more are given; below 0: all */

static bool none_left(size_t len)
{
	asked += len;
	return !until_none || (until_none > 0 && !until_none--);
}

void *__wrap_malloc(size_t len)
{
	return none_left(len) ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t n, size_t len)
{
	return none_left(n * len) ? NULL : __real_calloc(n, len);
}

void *__wrap_realloc(void *p, size_t len)
{
	return none_left(len) ? NULL : __real_realloc(p, len);
}

static void assert_same_top(const struct top *a, const struct top *b)
{
	size_t n = top_n(a), i;
	const struct top_entry **ea = malloc((n + 1) * sizeof(const struct top_entry *));
	const struct top_entry **eb = malloc((n + 1) * sizeof(const struct top_entry *));

	assert_int_equal(top_n(b), n);
	assert_int_equal(top_missing_failures(a), top_missing_failures(b));
	assert_non_null(ea);
	assert_non_null(eb);
	top_worst(a, ea, n);
	top_worst(b, eb, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(top_key_compare(&ea[i]->key, &eb[i]->key), 0);
		assert_memory_equal(&ea[i]->tally, &eb[i]->tally, sizeof(ea[i]->tally));
		assert_int_equal(ea[i]->missing, eb[i]->missing);
		assert_int_equal(ea[i]->first_failure_ns, eb[i]->first_failure_ns);
		assert_int_equal(ea[i]->last_failure_ns, eb[i]->last_failure_ns);
	}
	free(ea);
	free(eb);
}

static void assert_same(const struct summary *a, const struct summary *b)
{
	struct summary_counts ca, cb;
	struct summary_wait wa, wb;
	size_t i;
	int p;

	summary_counts(a, &ca);
	summary_counts(b, &cb);
	assert_memory_equal(&ca, &cb, sizeof(ca));
	assert_same_top(summary_servers(a), summary_servers(b));
	assert_same_top(summary_clients(a), summary_clients(b));
	assert_same_steps(summary_failures(a), summary_failures(b));
	assert_same_steps(summary_minutes(a), summary_minutes(b));
	for (p = 0; p <= 1000; p += 10)
		assert_int_equal(summary_connect_ns(a, p), summary_connect_ns(b, p));
	for (i = 0; i < 10 && i < top_n(summary_servers(a)); i++) {
		const struct top_key *k = &top_get(summary_servers(a), i)->key;
		const struct endpoint server = { k->addr, k->port };
		bool known = summary_wait(a, &server, &wa);

		assert_int_equal(summary_wait(b, &server, &wb), known);
		if (known) {
			assert_int_equal(wa.elapsed_ns, wb.elapsed_ns);
			assert_int_equal(wa.attempts, wb.attempts);
		}
	}
}

static void shuffle(struct digest *d, size_t n)
{
	size_t i;

	for (i = n - 1; i; i--) {
		size_t k = below(i + 1);
		struct digest t = d[i];

		d[i] = d[k];
		d[k] = t;
	}
}

/* Clients and servers fit; so do servers and durations of abandoned attempts. */
static void order_and_parts_change_nothing(void **test)
{
	size_t n = 6000, i, at, end;
	struct summary *whole, *other, *part;
	struct digest *d;
	int round;

	random_from(3);
	d = some_digests(n, 5000, 3);
	for (i = 0; i < n; i++)
		d[i].elapsed_ns = (int64_t)below(300) * 10 * MS;
	whole = summary_of(d, n, 1);
	for (round = 0; round < 5; round++) {
		shuffle(d, n);
		other = summary_of(d, n, (uint64_t)round << 40);
		assert_same(whole, other);
		summary_free(other);
		other = summary_new(2);
		for (at = 0; at < n; at = end) {
			end = at + 1 + below(n);
			end = end < n ? end : n;
			part = summary_of(d + at, end - at, at);
			summary_merge(other, part);
			summary_free(part);
		}
		assert_same(whole, other);
		summary_free(other);
	}
	summary_free(whole);
	free(d);
}

static void the_seed_changes_nothing(void **test)
{
	size_t n = 60000;
	struct summary *a, *b;
	struct digest *d;

	random_from(4);
	d = some_digests(n, 1000000, 200000);
	a = summary_of(d, n, 0);
	b = summary_of(d, n, 0x123456789abcdef);
	assert_true(top_pruned(summary_clients(a)));
	assert_true(top_pruned(summary_servers(a)));
	assert_same(a, b);
	summary_free(a);
	summary_free(b);
	free(d);
}

static void counts_are_counted(void **test)
{
	struct digest d = { .start_ns = START, .n_syns = 1, .outcome = OUTCOME_ESTABLISHED };
	static const int64_t took[] = { -5, 0, MS - 1, MS, 999 * MS, S, 3 * S, 7 * S - 1, 7 * S, 90 * S };
	static const uint64_t bands[] = { 3, 1, 0, 1, 1, 2, 2 };
	struct summary *s = summary_new(0);
	struct summary_counts c;
	size_t i;

	summary_counts(s, &c);
	assert_int_equal(c.attempts, 0);
	assert_int_equal(c.first_ns, 0);
	assert_int_equal(summary_connect_ns(s, 500), 0);
	for (i = 0; i < sizeof(took) / sizeof(took[0]); i++) {
		d.elapsed_ns = took[i];
		d.n_syns = (int)i * 3;
		d.start_ns = START - (int64_t)i;
		summary_feed(s, &d);
	}
	d.outcome = OUTCOME_UNANSWERED;
	d.half_open = true;
	d.n_syns = 7;
	d.start_ns = START + 5;
	summary_feed(s, &d);
	d.outcome = OUTCOME_PENDING;
	d.half_open = false;
	d.start_ns = START + 9;
	summary_feed(s, &d);
	summary_counts(s, &c);
	assert_int_equal(c.attempts, 12);
	assert_int_equal(c.failures, 1);
	assert_int_equal(c.half_open, 1);
	assert_int_equal(c.outcomes[OUTCOME_ESTABLISHED], 10);
	assert_memory_equal(c.bands, bands, sizeof(bands));
	assert_int_equal(c.syns_established[0], 1);
	assert_int_equal(c.syns_established[15], 1);
	assert_int_equal(c.syns_established[SUMMARY_SYNS_N - 1], 4); /* 18 to 27 */
	assert_int_equal(c.syns_failed[7], 1);
	assert_int_equal(c.first_ns, START - 9);
	assert_int_equal(c.last_ns, START + 9);
	assert_int_equal(c.first_failure_ns, START + 5);
	assert_int_equal(c.last_failure_ns, START + 5);
	assert_int_equal(c.outcome_last_ns[OUTCOME_ESTABLISHED], START);
	assert_int_equal(summary_connect_ns(s, 0), 0);
	assert_int_equal(summary_connect_ns(s, 1000), 90 * S);
	summary_free(s);
}

static void abandoned_attempts_cluster(void **test)
{
	struct digest d = { .start_ns = START, .n_syns = 2, .outcome = OUTCOME_ABANDONED };
	const struct endpoint server = { { 4, { 198, 19, 82, 2 } }, 8443 }, other = { server.addr, 8444 };
	static const struct {
		int64_t elapsed_ns, rounded_ns;
	} cases[] = { { 0, 0 },
		      { 249 * MS, 250 * MS },
		      { 994 * MS, 990 * MS },
		      { 996 * MS, S },
		      { 3 * S - 40 * MS, 3 * S },
		      { 3 * S + 49 * MS, 3 * S },
		      { 3 * S + 51 * MS, 3 * S + 100 * MS },
		      { 9960 * MS, 10 * S },
		      { 30 * S + 400 * MS, 30 * S },
		      { 131 * S, 131 * S } };
	struct summary_wait wait;
	struct summary *s;
	size_t i;

	d.flow.server = server;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s = summary_new(3);
		d.elapsed_ns = cases[i].elapsed_ns;
		summary_feed(s, &d);
		assert_true(summary_wait(s, &server, &wait));
		assert_int_equal(wait.elapsed_ns, cases[i].rounded_ns);
		assert_false(summary_wait(s, &other, &wait));
		summary_free(s);
	}
	s = summary_new(3);
	for (i = 0; i < 9; i++) {
		d.elapsed_ns = i < 4 ? 5 * S : i < 8 ? 2 * S : 7 * S;
		summary_feed(s, &d);
	}
	assert_true(summary_wait(s, &server, &wait));
	assert_int_equal(wait.elapsed_ns, 2 * S);
	assert_int_equal(wait.attempts, 4);
	summary_free(s);
}

static void memory_is_bounded(void **test)
{
	struct digest d = some_digest(1, 1);
	struct summary *s;
	size_t first;
	int i;

	asked = 0;
	s = summary_new(1);
	first = asked;
	for (i = 0; i < 300000; i++) {
		uint32_t client = (uint32_t)i;

		memcpy(d.flow.client.addr.b, &client, 4);
		d.flow.server.port = (uint16_t)i;
		d.start_ns = START + i * 60 * S;
		d.outcome = OUTCOME_ABANDONED;
		summary_feed(s, &d);
	}
	/* what is there at last, and at most as much that was outgrown by doubling */
	assert_in_range(asked - first, 1, 2 * (SUMMARY_MINUTES + SUMMARY_STEPS) * sizeof(struct tally));
	assert_in_range(first + (SUMMARY_MINUTES + SUMMARY_STEPS) * sizeof(struct tally), 1, 28 * (1 << 20) / 10);
	summary_free(s);
}

static void without_memory_it_says_so(void **test)
{
	struct steps s;
	struct summary *made = NULL;
	int i;

	for (i = 0; !made; i++) {
		until_none = i;
		made = summary_new(1);
		until_none = -1;
		assert_in_range(i, 0, 20);
	}
	assert_in_range(i, 10, 20);
	summary_free(made);
	/* steps that cannot grow are wider instead */
	assert_true(steps_init(&s, S, 512));
	until_none = 0;
	for (i = 0; i < 400; i++)
		feed_at(&s, START + i * S);
	until_none = -1;
	assert_int_equal(s.width_ns, 8 * S);
	assert_int_equal(attempts_in(&s, INT64_MIN, INT64_MAX), 400);
	steps_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_parts_change_nothing),
		cmocka_unit_test(the_seed_changes_nothing),
		cmocka_unit_test(counts_are_counted),
		cmocka_unit_test(abandoned_attempts_cluster),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
