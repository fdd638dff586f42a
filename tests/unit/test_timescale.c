/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/timescale.h"
#include "tests/unit/random.h"

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1700000000 * S)
#define SEED 20260102u

static uint64_t random_state = SEED;
static struct timescale ts;

static uint64_t rnd(uint64_t n)
{
	return random_u64(&random_state) % n;
}

/* A fast lab's policy: the first RTO is some jiffies. */
static struct policy fast_policy(int retries, int linear, int rto_first_j)
{
	struct policy p;

	policy_default(0, &p);
	p.retries = retries;
	p.linear = linear;
	p.rto_first_j = rto_first_j;
	return p;
}

static void random_policy(struct policy *p)
{
	static const int hz[] = { 100, 250, 300, 1000 };

	*p = fast_policy((int)(1 + rnd(20)), (int)rnd(10), (int)(3 + rnd(30)));
	p->hz = hz[rnd(4)];
	p->syncnt = (int)(rnd(3) ? 0 : 1 + rnd(10));
}

/* Without a short first RTO, or without a policy, the lab's axis is the clock. */
static void identity(void **state)
{
	static const int64_t times[] = { -5 * S, -1, 0, 1, 3 * MS, 1009 * MS, 65202 * MS, INT64_MAX / 4 };
	struct policy p = fast_policy(5, 0, 0);
	struct attempt a = { .n_syns = 2, .syn_ns = { START, START + 3 }, .ended_ns = START + 5 * S }, lab;
	size_t i, k;

	for (k = 0; k < 3; k++) {
		if (k == 0)
			timescale_init(&ts, &p);
		else
			timescale_of(&ts, &a);
		assert_int_equal(ts.n, 0);
		for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
			assert_int_equal(timescale_to_lab(&ts, times[i]), times[i]);
			assert_int_equal(timescale_to_real(&ts, times[i]), times[i]);
		}
		timescale_attempt(&a, &lab);
		assert_memory_equal(&lab, &a, sizeof(a));
		a.has_policy = true;
		a.policy = p;
	}
}

/* SYN i of the fast schedule stands for SYN i of the slow one, and so do the ends. */
static void knots_meet(void **state)
{
	struct policy fast, slow;
	struct schedule f, s;
	int i, round;

	for (round = 0; round < 200; round++) {
		random_policy(&fast);
		slow = fast;
		slow.rto_first_j = 0;
		schedule_exact(&fast, 0, &f);
		schedule_exact(&slow, 0, &s);
		timescale_init(&ts, &fast);
		assert_true(ts.n >= 2);
		for (i = 0; i < f.n && i < s.n; i++)
			assert_int_equal(timescale_to_lab(&ts, schedule_jiffies_ns(f.syn[i], fast.hz)),
					 schedule_jiffies_ns(s.syn[i], fast.hz));
		if (f.n == s.n)
			assert_int_equal(timescale_to_lab(&ts, schedule_jiffies_ns(f.end, fast.hz)),
					 schedule_jiffies_ns(s.end, fast.hz));
	}
}

/* Later stays later, also beyond the last knot, and the way back leads to where it began. */
static void monotone_and_inverse(void **state)
{
	struct attempt a = { .has_policy = true, .has_phase = true };
	int round, step;

	for (round = 0; round < 300; round++) {
		int64_t real, lab, before_real, before_lab, jiffy;

		random_policy(&a.policy);
		jiffy = S / a.policy.hz;
		a.phase = rnd(1 << 18);
		a.phase_edge_ns = (int64_t)rnd((uint64_t)jiffy);
		timescale_of(&ts, &a);
		assert_true(ts.n >= 2);
		real = -5 * jiffy;
		before_real = before_lab = real - 1;
		for (step = 0; step < 400; step++) {
			lab = timescale_to_lab(&ts, real);
			assert_true(lab >= before_lab);
			assert_true(real <= 0 || lab > before_lab || real == before_real);
			/* on this side of the first RTO of 1 s, times only grow */
			assert_true(lab >= real || real <= 0);
			/* both ways round down, where the slope is a little under 1 by more than one */
			assert_true(llabs(timescale_to_real(&ts, lab) - real) <= 2);
			before_real = real;
			before_lab = lab;
			real += (int64_t)rnd((uint64_t)(step % 7 ? jiffy : ts.real_ns[ts.n - 1] / 10 + 1));
		}
		assert_true(real > ts.real_ns[ts.n - 1]);
	}
}

/* What a timer brought about is mapped; what answers comes as long after its SYN on either axis. */
static void attempts(void **state)
{
	struct attempt a = {
		.has_policy = true, .n_syns = 3, .n_replies = 1, .own_timer = true, .own_timer_ns = 40 * MS
	};
	struct attempt lab;

	a.policy = fast_policy(5, 0, 3);
	timescale_of(&ts, &a);
	a.connect_ns = START - 50000;
	a.syn_ns[0] = START;
	a.syn_ns[1] = START + ts.real_ns[1];
	a.syn_ns[2] = START + ts.real_ns[2];
	a.replies[0] = (struct reply){ .t_ns = a.syn_ns[2] + 70000, .kind = REPLY_SYN_ACK };
	a.ack_ns = a.syn_ns[2] + 80000;
	a.fin_ns[0] = a.syn_ns[2] + 5 * S;
	a.end = ATTEMPT_END_RESULT;
	a.ended_ns = a.syn_ns[2] + 90000;
	timescale_attempt(&a, &lab);
	assert_int_equal(lab.policy.rto_first_j, 0);
	assert_int_equal(lab.syn_ns[0], START);
	assert_int_equal(lab.syn_ns[1], START + ts.lab_ns[1]);
	assert_int_equal(lab.syn_ns[2], START + ts.lab_ns[2]);
	assert_int_equal(lab.replies[0].t_ns, lab.syn_ns[2] + 70000);
	assert_int_equal(lab.ack_ns, lab.syn_ns[2] + 80000);
	assert_int_equal(lab.fin_ns[0], lab.syn_ns[2] + 5 * S);
	assert_int_equal(lab.ended_ns, lab.syn_ns[2] + 90000);
	assert_int_equal(lab.connect_ns, a.connect_ns);
	assert_int_equal(lab.fin_ns[1], 0); /* what did not happen does not begin to */
	assert_int_equal(lab.client_rst_ns, 0);
	assert_int_equal(lab.own_timer_ns, timescale_to_lab(&ts, 40 * MS));

	/* nothing answered: its end is a timer's */
	a.n_replies = 0;
	a.ack_ns = 0;
	a.end_error = ETIMEDOUT;
	a.ended_ns = START + ts.real_ns[ts.n - 1];
	timescale_attempt(&a, &lab);
	assert_int_equal(lab.ended_ns, START + ts.lab_ns[ts.n - 1]);
	assert_int_equal(lab.ack_ns, 0);
}

/* As many SYNs as the kernel can send, and more than are kept. */
static void many_syns(void **state)
{
	static struct attempt a, lab;
	int i;

	a.has_policy = true;
	a.policy = fast_policy(127, 127, 3);
	a.policy.user_timeout_ms = POLICY_USER_TIMEOUT_MS_MAX;
	a.n_syns = ATTEMPT_SYNS_MAX + 50;
	a.n_replies = ATTEMPT_REPLIES_MAX + 50;
	timescale_of(&ts, &a);
	assert_int_equal(ts.n, SCHEDULE_SYNS_MAX + 1);
	for (i = 0; i < ATTEMPT_SYNS_MAX; i++)
		a.syn_ns[i] = START + ts.real_ns[i];
	a.ended_ns = START + ts.real_ns[SCHEDULE_SYNS_MAX];
	timescale_attempt(&a, &lab);
	for (i = 0; i < ATTEMPT_SYNS_MAX; i++)
		assert_int_equal(lab.syn_ns[i], START + ts.lab_ns[i]);
	assert_int_equal(lab.ended_ns, START + ts.lab_ns[SCHEDULE_SYNS_MAX]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity), cmocka_unit_test(knots_meet), cmocka_unit_test(monotone_and_inverse),
		cmocka_unit_test(attempts), cmocka_unit_test(many_syns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
