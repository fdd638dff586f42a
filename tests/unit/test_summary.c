/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statistics over many attempts, against dictionaries and sorted arrays that are exact. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/summary.h"
#include "core/summary_spread.h"
#include "tests/unit/random.h"

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1700000000 * S)

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

static uint64_t state;

static uint64_t random64(void)
{
	return random_u64(&state);
}

static uint64_t below(uint64_t n)
{
	return (random64() >> 16) % n;
}

/* Of n_clients and n_servers, numbered; low numbers are more frequent. */
static struct digest some_digest(uint32_t n_clients, uint32_t n_servers)
{
	uint32_t client = (uint32_t)below(1 + below(1 + below(n_clients))),
		 server = (uint32_t)below(1 + below(n_servers));
	struct digest d = { .start_ns = START + (int64_t)below(7200) * S + (int64_t)below(1000) * MS,
			    .elapsed_ns = (int64_t)below(9000) * (int64_t)below(1000) * 1000,
			    .n_syns = 1 + (int)below(8),
			    .outcome = (enum outcome)(1 + below(OUTCOME_N - 1)) };

	d.half_open = d.outcome == OUTCOME_UNANSWERED && below(2);
	d.flow.client.addr.family = client % 5 ? 4 : 6;
	memcpy(d.flow.client.addr.b, &client, sizeof(client));
	d.flow.client.port = (uint16_t)below(65536);
	d.flow.server.addr.family = 4;
	memcpy(d.flow.server.addr.b + 1, &server, 3);
	d.flow.server.port = (uint16_t)(server % 3);
	return d;
}

static struct digest *some_digests(size_t n, uint32_t n_clients, uint32_t n_servers)
{
	struct digest *d = malloc(n * sizeof(*d));
	size_t i;

	assert_non_null(d);
	for (i = 0; i < n; i++)
		d[i] = some_digest(n_clients, n_servers);
	return d;
}

static struct summary *summary_of(const struct digest *d, size_t n, uint64_t seed)
{
	struct summary *s = summary_new(seed);
	size_t i;

	assert_non_null(s);
	for (i = 0; i < n; i++)
		summary_feed(s, &d[i]);
	return s;
}

/* What a table should hold. */
static struct top_entry *dictionary(const struct digest *d, size_t n, bool servers, size_t *ret_n)
{
	struct top_entry *e = calloc(n, sizeof(*e));
	size_t i, at, found = 0;

	assert_non_null(e);
	for (i = 0; i < n; i++) {
		struct top_key key = { .addr = servers ? d[i].flow.server.addr : d[i].flow.client.addr,
				       .port = servers ? d[i].flow.server.port : 0 };

		for (at = 0; at < found && top_key_compare(&e[at].key, &key); at++)
			;
		if (at == found)
			e[found++] = (struct top_entry){ .key = key,
							 .first_failure_ns = INT64_MAX,
							 .last_failure_ns = INT64_MIN };
		tally_add(&e[at].tally, &d[i]);
		if (!digest_failed(&d[i]))
			continue;
		if (d[i].start_ns < e[at].first_failure_ns)
			e[at].first_failure_ns = d[i].start_ns;
		if (d[i].start_ns > e[at].last_failure_ns)
			e[at].last_failure_ns = d[i].start_ns;
	}
	*ret_n = found;
	return e;
}

static int by_worst(const void *pa, const void *pb)
{
	const struct top_entry *a = pa, *b = pb;
	uint64_t fa = tally_failures(&a->tally), fb = tally_failures(&b->tally);
	uint64_t na = tally_attempts(&a->tally), nb = tally_attempts(&b->tally);

	return fa != fb ? (fa < fb) - (fa > fb) : na != nb ? (na < nb) - (na > nb) : top_key_compare(&a->key, &b->key);
}

static void assert_entry(const struct top_entry *is, const struct top_entry *should)
{
	assert_int_equal(top_key_compare(&is->key, &should->key), 0);
	assert_memory_equal(&is->tally, &should->tally, sizeof(is->tally));
	assert_int_equal(is->first_failure_ns, should->first_failure_ns);
	assert_int_equal(is->last_failure_ns, should->last_failure_ns);
	assert_int_equal(is->missing, 0);
}

static void assert_exact(const struct top *t, const struct digest *d, size_t n, bool servers)
{
	size_t n_keys, i, few = 7;
	struct top_entry *should = dictionary(d, n, servers, &n_keys);
	const struct top_entry **is = malloc(n_keys * sizeof(const struct top_entry *));

	assert_non_null(is);
	qsort(should, n_keys, sizeof(*should), by_worst);
	assert_false(top_pruned(t));
	assert_int_equal(top_missing_failures(t), 0);
	assert_int_equal(top_n(t), n_keys);
	assert_int_equal(top_worst(t, is, n_keys), n_keys);
	for (i = 0; i < n_keys; i++)
		assert_entry(is[i], &should[i]);
	assert_int_equal(top_worst(t, is, few), few);
	for (i = 0; i < few; i++)
		assert_entry(is[i], &should[i]);
	assert_int_equal(top_worst(t, is, 0), 0);
	free(should);
	free(is);
}

static void tables_are_exact_while_there_is_room(void **test)
{
	size_t n = 8000;
	struct digest *d;
	struct summary *s;

	state = 1;
	d = some_digests(n, 3000, 900);
	s = summary_of(d, n, 99);
	assert_exact(summary_clients(s), d, n, false);
	assert_exact(summary_servers(s), d, n, true);
	summary_free(s);
	free(d);
}

static const struct top_entry *find(const struct top *t, const struct top_key *key)
{
	size_t i;

	for (i = 0; i < top_n(t); i++)
		if (!top_key_compare(&top_get(t, i)->key, key))
			return top_get(t, i);
	return NULL;
}

/* Never more than there was, never short by more than is said; and who has much is there. */
static void assert_bounds(const struct top *t, size_t max, const struct digest *d, size_t n)
{
	size_t n_keys, i, weight = 0, heavy = 0;
	struct top_entry *should = dictionary(d, n, false, &n_keys);

	for (i = 0; i < n; i++)
		weight += digest_failed(&d[i]) ? TOP_WEIGHT_FAILED : 1;
	for (i = 0; i < n_keys; i++) {
		uint64_t failures = tally_failures(&should[i].tally), all = tally_attempts(&should[i].tally);
		const struct top_entry *e = find(t, &should[i].key);

		if (failures * TOP_WEIGHT_FAILED + all - failures > 2 * weight / max) {
			assert_non_null(e);
			heavy++;
		}
		if (!e) {
			assert_in_range(failures, 0, top_missing_failures(t));
			continue;
		}
		assert_in_range(tally_attempts(&e->tally), 1, all);
		assert_in_range(tally_attempts(&e->tally) + e->missing, all, UINT64_MAX);
		assert_in_range(tally_failures(&e->tally), 0, failures);
		assert_in_range(tally_failures(&e->tally) + top_missing_failures(t), failures, UINT64_MAX);
		if (!e->missing)
			assert_memory_equal(&e->tally, &should[i].tally, sizeof(e->tally));
	}
	assert_in_range(heavy, 1, n_keys);
	assert_in_range(top_missing_failures(t) * TOP_WEIGHT_FAILED, 0, 2 * weight / max);
	free(should);
}

static void feed_client(struct top *t, const struct digest *d)
{
	top_feed(t, &d->flow.client.addr, 0, 0, d);
}

static void a_small_table_keeps_the_heavy(void **test)
{
	size_t n = 10000, max = 400, i;
	struct top *t = top_new(max, 5), *half[2];
	struct digest *d;

	state = 2;
	d = some_digests(n, 4000, 10);
	for (i = 0; i < n; i += 25 + i % 2)
		d[i].flow.client.addr = d[0].flow.client.addr;
	half[0] = top_new(max, 6);
	half[1] = top_new(max, 7);
	for (i = 0; i < n; i++) {
		feed_client(t, &d[i]);
		feed_client(half[i >= n / 3], &d[i]);
	}
	top_settle(t);
	top_settle(half[0]);
	top_settle(half[1]);
	assert_true(top_pruned(t));
	assert_in_range(top_n(t), 1, max);
	assert_bounds(t, max, d, n);
	top_merge(half[0], half[1]);
	assert_in_range(top_n(half[0]), 1, max);
	assert_bounds(half[0], max / 2, d, n); /* both have dropped some */
	assert_non_null(find(half[0], &(struct top_key){ .addr = d[0].flow.client.addr }));
	assert_int_equal(find(half[0], &(struct top_key){ .addr = d[0].flow.client.addr })->missing, 0);
	top_free(half[0]);
	top_free(half[1]);
	top_free(t);
	free(d);
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

static void assert_same_steps(const struct steps *a, const struct steps *b)
{
	assert_int_equal(a->width_ns, b->width_ns);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->first, b->first);
	assert_memory_equal(a->rows, b->rows, a->n * sizeof(*a->rows));
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

	state = 3;
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

	state = 4;
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

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void quantiles_are_near(void **test)
{
	static struct spread spread;
	static int64_t v[5000];
	size_t n, i;
	int p;

	state = 5;
	for (n = 1; n <= 5000; n = n * 3 + 1) {
		memset(&spread, 0, sizeof(spread));
		for (i = 0; i < n; i++) {
			v[i] = (int64_t)(random64() >> (1 + below(63)));
			spread_feed(&spread, v[i]);
		}
		qsort(v, n, sizeof(v[0]), by_value);
		for (p = 0; p <= 1000; p++) {
			size_t rank = (n * (size_t)p + 999) / 1000;
			int64_t should = v[rank ? rank - 1 : 0], is = spread_quantile(&spread, p);

			assert_in_range(llabs(is - should), 0, should / 125);
			if (should < 128)
				assert_int_equal(is, should);
		}
		assert_int_equal(spread.min_ns, v[0]);
		assert_int_equal(spread.max_ns, v[n - 1]);
	}
}

static void feed_at(struct steps *s, int64_t t_ns)
{
	const struct digest d = { .start_ns = t_ns, .outcome = OUTCOME_REFUSED };

	steps_feed(s, &d);
}

static uint64_t attempts_in(const struct steps *s, int64_t k, int64_t end)
{
	struct tally t;

	steps_sum(s, k, end, &t);
	return tally_attempts(&t);
}

static void steps_widen(void **test)
{
	struct steps s;

	assert_true(steps_init(&s, S, 512));
	feed_at(&s, START + 100 * S);
	feed_at(&s, START + 100 * S + 999 * MS);
	feed_at(&s, START + 90 * S - 1); /* not the first that came is the first */
	assert_int_equal(s.n, 12);
	assert_int_equal(s.first, 1700000089);
	feed_at(&s, START + 600 * S);
	assert_int_equal(s.width_ns, S);
	assert_int_equal(s.n, 512);
	feed_at(&s, START + 601 * S);
	assert_int_equal(s.width_ns, 2 * S);
	assert_int_equal(s.first, 850000044);
	assert_int_equal(s.n, 257);
	assert_int_equal(attempts_in(&s, s.first, s.first + 257), 5);
	assert_int_equal(attempts_in(&s, steps_at(&s, START + 100 * S), steps_at(&s, START + 100 * S) + 1), 2);
	assert_int_equal(attempts_in(&s, INT64_MIN, INT64_MAX), 5);
	assert_int_equal(attempts_in(&s, s.first + 257, INT64_MAX), 0);
	feed_at(&s, -3 * S);
	feed_at(&s, 5);
	assert_int_equal(attempts_in(&s, steps_at(&s, -1), 0), 1);
	feed_at(&s, INT64_MIN);
	feed_at(&s, INT64_MAX);
	feed_at(&s, INT64_MAX - 1);
	assert_int_equal(attempts_in(&s, INT64_MIN, INT64_MAX), 10);
	assert_in_range(s.n, 256, 512);
	steps_fini(&s);
}

/* At random, from far and near: only the range decides the width, and nothing is lost. */
static void steps_do_not_mind_the_order(void **test)
{
	struct steps a, b, c;
	int64_t t[300];
	int round, i;

	state = 6;
	for (round = 0; round < 200; round++) {
		size_t max = 2 + below(200);

		assert_true(steps_init(&a, S, max) && steps_init(&b, S, max) && steps_init(&c, S, max));
		for (i = 0; i < 300; i++) {
			t[i] = (int64_t)(random64() >> (1 + below(40))) - (int64_t)below(1000 * S);
			feed_at(&a, t[i]);
			if (i % 3)
				feed_at(&c, t[i]);
		}
		for (i = 299; i >= 0; i--) {
			if (i % 3 == 0)
				feed_at(&b, t[i]);
		}
		steps_merge(&b, &c);
		assert_same_steps(&a, &b);
		assert_int_equal(attempts_in(&a, INT64_MIN, INT64_MAX), 300);
		assert_in_range(a.n, a.width_ns > S ? max / 2 : 1, max);
		steps_fini(&a);
		steps_fini(&b);
		steps_fini(&c);
	}
}

static void the_peak_is_found(void **test)
{
	struct steps s;
	int64_t k = 0, end = 0;
	int i;

	assert_true(steps_init(&s, S, 512));
	assert_int_equal(steps_peak(&s, &k, &end), 0);
	for (i = 0; i < 100; i++)
		feed_at(&s, START + i * S);
	assert_int_equal(steps_peak(&s, &k, &end), 0); /* the same all along */
	for (i = 40; i < 60; i++) {
		feed_at(&s, START + i * S);
		feed_at(&s, START + i * S + MS);
	}
	assert_int_equal(steps_peak(&s, &k, &end), 60);
	assert_int_equal(k, 1700000040);
	assert_int_equal(end, 1700000060);
	steps_fini(&s);
}

static void large_counts_stay(void **test)
{
	const struct digest d = { .outcome = OUTCOME_UNANSWERED, .half_open = true };
	struct tally t = { .half_open = UINT32_MAX }, u = { .half_open = 7 };

	t.n[OUTCOME_UNANSWERED] = UINT32_MAX - 1;
	tally_add(&t, &d);
	tally_add(&t, &d);
	assert_int_equal(t.n[OUTCOME_UNANSWERED], UINT32_MAX);
	assert_int_equal(t.half_open, UINT32_MAX);
	u.n[OUTCOME_ESTABLISHED] = 5;
	tally_merge(&t, &u);
	assert_int_equal(t.half_open, UINT32_MAX);
	assert_int_equal(tally_attempts(&t), (uint64_t)UINT32_MAX + 5);
	assert_int_equal(tally_failures(&t), UINT32_MAX);
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
		cmocka_unit_test(tables_are_exact_while_there_is_room),
		cmocka_unit_test(a_small_table_keeps_the_heavy),
		cmocka_unit_test(order_and_parts_change_nothing),
		cmocka_unit_test(the_seed_changes_nothing),
		cmocka_unit_test(counts_are_counted),
		cmocka_unit_test(abandoned_attempts_cluster),
		cmocka_unit_test(quantiles_are_near),
		cmocka_unit_test(steps_widen),
		cmocka_unit_test(steps_do_not_mind_the_order),
		cmocka_unit_test(the_peak_is_found),
		cmocka_unit_test(large_counts_stay),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
