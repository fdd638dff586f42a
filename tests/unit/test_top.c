/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of servers and clients, against dictionaries that are exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/unit/some_digests.h"

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

	random_from(1);
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

	random_from(2);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_exact_while_there_is_room),
		cmocka_unit_test(a_small_table_keeps_the_heavy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
