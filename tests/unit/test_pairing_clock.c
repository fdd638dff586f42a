/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "core/pairing_clock.h"

__extension__ typedef __int128 wide;

#define US 1000LL
#define MS 1000000LL
#define S 1000000000LL
#define START (1700000000 * S)

static uint64_t rnd_state = 7777;

static int64_t rnd(int64_t below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return (int64_t)(rnd_state % (uint64_t)below);
}

/* Two clocks, and packets that pass. */
struct link {
	int64_t span_ns;
	int n; /* packets each way */
	int64_t skew_ns, drift_ppb;
	int64_t there_ns, back_ns, jitter_ns;
	int64_t queue_ns;	     /* that there_ns grows by until the end */
	int wrong;		     /* of 1000: taken for others */
	int64_t step_ns, step_at_ns; /* the server's clock is set */
	bool no_forward, no_backward;
};

static int64_t offset(const struct link *l, int64_t t_ns)
{
	return l->skew_ns + (int64_t)((wide)(t_ns - START) * l->drift_ppb / S) +
	       (l->step_ns && t_ns - START > l->step_at_ns ? l->step_ns : 0);
}

static void pass(struct pairing_aligner *a, const struct link *l, bool from_server, int64_t t_ns)
{
	int64_t took =
		(from_server ? l->back_ns : l->there_ns + l->queue_ns / 1000 * ((t_ns - START) / (l->span_ns / 1000))) +
		(l->jitter_ns ? rnd(l->jitter_ns) : 0);

	if (rnd(1000) < l->wrong)
		took -= rnd(5 * S);
	if (from_server)
		pairing_aligner_feed(a, true, t_ns + took, t_ns + offset(l, t_ns));
	else
		pairing_aligner_feed(a, false, t_ns, t_ns + took + offset(l, t_ns + took));
}

static struct pairing_clock solve(const struct link *l)
{
	struct pairing_aligner *a = pairing_aligner_new(START, START + l->span_ns);
	struct pairing_clock c;
	int i;

	assert_non_null(a);
	for (i = 0; i < l->n; i++) {
		if (!l->no_forward)
			pass(a, l, false, START + rnd(l->span_ns));
		if (!l->no_backward)
			pass(a, l, true, START + rnd(l->span_ns));
	}
	pairing_aligner_solve(a, &c);
	pairing_aligner_free(a);
	return c;
}

/* How far it is from the truth at the worst, beyond the uncertainty. */
static int64_t worst(const struct link *l, const struct pairing_clock *c)
{
	int64_t most = INT64_MIN, off, t;

	for (t = START; t <= START + l->span_ns; t += l->span_ns / 20) {
		off = pairing_clock_offset(c, t) - offset(l, t);
		off = (off < 0 ? -off : off) - c->uncertainty_ns;
		most = off > most ? off : most;
	}
	return most;
}

static void test_one(void **state)
{
	static const struct link l = { .span_ns = S, .n = 1, .skew_ns = 7 * S, .there_ns = 3 * MS, .back_ns = 5 * MS };
	struct pairing_clock c = solve(&l);

	(void)state;
	assert_true(c.forward && c.backward && !c.has_drift && !c.uneven);
	assert_int_equal(c.offset_ns, 7 * S - MS);
	assert_int_equal(c.uncertainty_ns, 4 * MS);
	assert_int_equal(pairing_clock_to_client(&c, START + 7 * S), START + MS);
}

static void test_none(void **state)
{
	static const struct link l = { .span_ns = S };
	struct pairing_clock c = solve(&l);

	(void)state;
	assert_false(c.forward || c.backward);
	assert_int_equal(pairing_clock_offset(&c, START), 0);
}

/* Of one direction there is a bound only. */
static void test_one_way(void **state)
{
	struct link l = { .span_ns = 60 * S,
			  .n = 100,
			  .skew_ns = -5 * S,
			  .there_ns = 3 * MS,
			  .back_ns = 5 * MS,
			  .jitter_ns = MS,
			  .no_backward = true };
	struct pairing_clock c = solve(&l);

	(void)state;
	assert_true(c.forward && !c.backward);
	assert_in_range(c.offset_ns - l.skew_ns, 3 * MS, 4 * MS);
	assert_int_equal(c.uncertainty_ns, 0);
	l.no_backward = false;
	l.no_forward = true;
	c = solve(&l);
	assert_true(!c.forward && c.backward);
	assert_in_range(l.skew_ns - c.offset_ns, 5 * MS, 6 * MS);
}

/* The truth is within what is said, whatever clocks and network are. */
static void test_random(void **state)
{
	struct pairing_clock c;
	struct link l;
	int i;

	(void)state;
	for (i = 0; i < 400; i++) {
		l = (struct link){ .span_ns = (1 + rnd(3600)) * S,
				   .n = 1 + (int)rnd(2000),
				   .skew_ns = rnd(20000 * S) - 10000 * S,
				   .drift_ppb = rnd(4) ? 0 : rnd(200000) - 100000,
				   .there_ns = rnd(100 * MS),
				   .back_ns = rnd(100 * MS),
				   .jitter_ns = rnd(50 * MS) };
		if (l.drift_ppb && (l.n < 500 || l.span_ns < 60 * S))
			l.drift_ppb = 0; /* that can be told from jitter only with some packets */
		c = solve(&l);
		assert_false(c.uneven);
		assert_true(worst(&l, &c) <= (l.drift_ppb ? 20 * MS : 0) + (l.drift_ppb || c.has_drift ? 2 * MS : 0));
	}
}

static void test_drift(void **state)
{
	static const int64_t drifts[] = { 12000, -12000, 500000, -90000, 1500 };
	struct link l = { .span_ns = 600 * S, .n = 3000, .there_ns = 3 * MS, .back_ns = 3 * MS, .jitter_ns = 400 * US };
	struct pairing_clock c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++) {
		l.drift_ppb = drifts[i];
		l.skew_ns = rnd(1000 * S);
		c = solve(&l);
		assert_true(c.has_drift);
		assert_true(llabs(c.drift_ppb - drifts[i]) < 500);
		assert_in_range(c.uncertainty_ns, 3 * MS - 200 * US, 3 * MS + 200 * US);
		assert_true(worst(&l, &c) <= 0);
	}
	l.drift_ppb = 0;
	assert_false(solve(&l).has_drift);
}

/* A queue that grows is no drift: packets the other way would have to tell of it too. */
static void test_queue(void **state)
{
	static const struct link l = { .span_ns = 600 * S,
				       .n = 3000,
				       .there_ns = 3 * MS,
				       .back_ns = 3 * MS,
				       .jitter_ns = MS,
				       .queue_ns = 200 * MS };
	struct pairing_clock c = solve(&l);

	(void)state;
	assert_false(c.has_drift);
	assert_true(worst(&l, &c) <= 0);
	assert_true(c.uncertainty_ns < 5 * MS);
}

/* A few packets that were taken for others do not matter. */
static void test_wrong(void **state)
{
	static const struct link l = { .span_ns = 600 * S,
				       .n = 3000,
				       .skew_ns = S,
				       .there_ns = 3 * MS,
				       .back_ns = 3 * MS,
				       .jitter_ns = MS,
				       .wrong = 4 };
	struct pairing_clock c = solve(&l);

	(void)state;
	assert_false(c.uneven);
	assert_true(llabs(c.offset_ns - S) < 5 * MS);
}

static void test_step(void **state)
{
	static const struct link l = { .span_ns = 600 * S,
				       .n = 3000,
				       .there_ns = 3 * MS,
				       .back_ns = 3 * MS,
				       .jitter_ns = MS,
				       .step_ns = 700 * MS,
				       .step_at_ns = 300 * S };

	(void)state;
	assert_true(solve(&l).uneven);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),    cmocka_unit_test(test_none),  cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_random), cmocka_unit_test(test_drift), cmocka_unit_test(test_queue),
		cmocka_unit_test(test_wrong),  cmocka_unit_test(test_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
