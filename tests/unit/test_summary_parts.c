/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a summary counts by: durations, against a sorted array, steps of time, and counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/summary_spread.h"
#include "tests/unit/some_digests.h"

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

	random_from(5);
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

	random_from(6);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_are_near),	       cmocka_unit_test(steps_widen),
		cmocka_unit_test(steps_do_not_mind_the_order), cmocka_unit_test(the_peak_is_found),
		cmocka_unit_test(large_counts_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
