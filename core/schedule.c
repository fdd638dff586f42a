/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/schedule.h"

#include <stddef.h>

/*
 * Theory of operation.  A connect() arms one timer.  Each time it fires, the
 * kernel asks whether the limit is reached (tcp_write_timeout()); if not it
 * sends the SYN again, doubles the RTO unless this is a linear timeout, and
 * arms the timer anew.  The limit is a count, retries + linear, and since 5.4
 * also a time: TCP_USER_TIMEOUT, or the time that `retries` doublings would
 * take (tcp_model_timeout()), which with linear timeouts may come first.
 *
 * Timers never fire early.  Since 4.8 they are put into buckets that are the
 * wider the further away they are, and fire at the bucket's end; which end
 * depends on jiffies when they were armed.  So the whole schedule is a function
 * of the policy and of jiffies at connect(), the phase.  All sums are in whole
 * jiffies, as in the kernel; milliseconds become jiffies rounded up
 * (msecs_to_jiffies()), also for the RTO's maximum.
 */

enum clockwork {
	CLOCKWORK_IDEAL, /* every timer on time: the nominal schedule */
	CLOCKWORK_SLACK, /* before 4.8: mod_timer() rounds by apply_slack() */
	CLOCKWORK_WHEEL, /* since 4.8: calc_wheel_index() */
};

/* A policy in the kernel's own units. */
struct plan {
	enum clockwork clockwork;
	int64_t rto_first, rto_max; /* jiffies */
	int count;		    /* retransmissions at most */
	int linear;
	int64_t model;	  /* jiffies after which the kernel gives up; 0: the count alone decides */
	int64_t deadline; /* user timeout, jiffies; 0: none */
	bool deadline_ends;
};

static int64_t jiffies_of_ms(int64_t ms, int hz)
{
	return (ms * hz + 999) / 1000;
}

/* What `retries` doublings from `base` on take in all: tcp_model_timeout(). */
static int64_t model_timeout(int retries, int64_t base, int64_t rto_max)
{
	int thresh = 0;

	while (rto_max / base >> (thresh + 1))
		thresh++;
	if (retries <= thresh)
		return ((2LL << retries) - 1) * base;
	return ((2LL << thresh) - 1) * base + (retries - thresh) * rto_max;
}

static bool since(const struct policy *p, unsigned int a, unsigned int b)
{
	return !p->kernel || p->kernel >= KERNEL_VERSION_OF(a, b);
}

static void plan_make(const struct policy *p, struct plan *ret)
{
	int hz = p->hz ? p->hz : 250, retries = p->syncnt ? p->syncnt : p->retries;
	struct plan pl = { .clockwork = since(p, 4, 8) ? CLOCKWORK_WHEEL : CLOCKWORK_SLACK };

	pl.rto_max = jiffies_of_ms(p->rto_max_ms ? p->rto_max_ms : POLICY_RTO_MAX_MS_MAX, hz);
	pl.rto_first = p->rto_first_j ? p->rto_first_j : since(p, 3, 1) ? hz : 3 * hz;
	if (pl.rto_first > pl.rto_max)
		pl.rto_first = pl.rto_max;
	pl.linear = p->linear;
	pl.count = retries + p->linear;
	if (pl.count > SCHEDULE_SYNS_MAX - 1)
		pl.count = SCHEDULE_SYNS_MAX - 1;
	if (since(p, 5, 4))
		pl.model = model_timeout(retries, pl.rto_first, pl.rto_max);
	if (p->user_timeout_ms && since(p, 4, 19)) {
		pl.deadline = jiffies_of_ms(p->user_timeout_ms, hz);
		pl.deadline_ends = since(p, 5, 4);
	}
	*ret = pl;
}

/*
 * When a timer armed at jiffy `now` for `delay` jiffies fires.  Inside a timer
 * the wheel's clock is already one jiffy ahead.  *phase_bits grows to the
 * number of low bits of `now` that decided.
 */
static uint64_t wheel_fires(uint64_t now, uint64_t delay, bool in_timer, int *phase_bits)
{
	uint64_t expires = now + delay, delta = delay - in_timer;
	int shift = 0;

	/* LVL_START(n) is 63 << 3 * (n - 1); a level holds 64 buckets of 8^n jiffies */
	while (delta >= 63ULL << shift)
		shift += 3;
	if (shift > *phase_bits)
		*phase_bits = shift;
	return ((expires >> shift) + 1) << shift;
}

/* apply_slack(): the roundest jiffy that is late by at most 1/256 of the delay. */
static uint64_t slack_fires(uint64_t now, uint64_t delay, int *phase_bits)
{
	uint64_t expires = now + delay, latest = expires + delay / 256, differ = expires ^ latest;
	int bit = 0, width = 0;

	if (!differ)
		return expires;
	while (differ >> (bit + 1))
		bit++;
	while (delay / 256 >> width)
		width++;
	if (width > *phase_bits)
		*phase_bits = width;
	return latest >> bit << bit;
}

static uint64_t fires(const struct plan *pl, uint64_t now, uint64_t delay, bool in_timer, int *phase_bits)
{
	switch (pl->clockwork) {
	case CLOCKWORK_WHEEL:
		return wheel_fires(now, delay, in_timer, phase_bits);
	case CLOCKWORK_SLACK:
		return slack_fires(now, delay, phase_bits);
	case CLOCKWORK_IDEAL:
		break;
	}
	return now + delay;
}

/* tcp_clamp_rto_to_user_timeout() */
static int64_t clamped(const struct plan *pl, int64_t rto, int64_t elapsed)
{
	int64_t left = pl->deadline - elapsed;

	if (!pl->deadline || left >= rto)
		return rto;
	return left > 0 ? left : 1;
}

/* Returns how many low bits of the phase decided. */
static int walk(const struct plan *pl, uint64_t phase, struct schedule *ret)
{
	int64_t rto = pl->rto_first, delay = rto, elapsed;
	uint64_t now = phase;
	int retransmits = 0, phase_bits = 0;
	bool by_time;

	ret->syn[0] = 0;
	for (;;) {
		now = fires(pl, now, (uint64_t)delay, retransmits > 0, &phase_bits);
		elapsed = (int64_t)(now - phase);
		by_time = retransmits &&
			  (pl->deadline_ends ? elapsed >= pl->deadline : pl->model && elapsed >= pl->model);
		if (by_time || retransmits >= pl->count)
			break;
		ret->syn[++retransmits] = elapsed;
		if (retransmits > pl->linear)
			rto = 2 * rto < pl->rto_max ? 2 * rto : pl->rto_max;
		delay = clamped(pl, rto, elapsed);
	}
	ret->n = retransmits + 1;
	ret->end = elapsed;
	/* by the user timeout also when the count was reached, if the last wait was cut to it */
	ret->limit = pl->deadline_ends && by_time && (retransmits < pl->count || delay < rto) ? LIMIT_USER_TIMEOUT
											      : LIMIT_SYN_RETRIES;
	return phase_bits;
}

static void widen(struct schedule_range *r, const struct schedule *s, int hz, bool first)
{
	int64_t ns;
	int i;

	for (i = 0; i <= s->n; i++) {
		bool end = i == s->n, fresh = end ? first : i >= r->n;

		ns = schedule_jiffies_ns(end ? s->end : s->syn[i], hz);
		if (end && (fresh || ns < r->end.min_ns))
			r->end.min_ns = ns;
		if (end && (fresh || ns > r->end.max_ns))
			r->end.max_ns = ns;
		if (!end && (fresh || ns < r->syn[i].min_ns))
			r->syn[i].min_ns = ns;
		if (!end && (fresh || ns > r->syn[i].max_ns))
			r->syn[i].max_ns = ns;
	}
	if (first || s->n < r->n_min)
		r->n_min = s->n;
	if (s->n > r->n)
		r->n = s->n;
}

/* Phases that agree in the bits that decide give the same schedule, so only those are walked. */
static void range_of(const struct plan *pl, int hz, struct schedule_range *ret)
{
	struct schedule s;
	uint64_t phase;
	int bits = 0, b;

	ret->n = 0;
	for (phase = 0; phase >> bits == 0; phase++) {
		b = walk(pl, phase, &s);
		if (b > bits)
			bits = b;
		widen(ret, &s, hz, phase == 0);
	}
}

void schedule_exact(const struct policy *p, uint64_t phase, struct schedule *ret)
{
	struct plan pl;

	plan_make(p, &pl);
	walk(&pl, phase & ((1ULL << 18) - 1), ret);
}

void schedule_nominal(const struct policy *p, struct schedule *ret)
{
	struct plan pl;

	plan_make(p, &pl);
	pl.clockwork = CLOCKWORK_IDEAL;
	walk(&pl, 0, ret);
}

void schedule_range(const struct policy *p, struct schedule_range *ret)
{
	struct plan pl;

	plan_make(p, &pl);
	range_of(&pl, p->hz ? p->hz : 250, ret);
}

static void synack_plan(int retries, int rto_max_ms, int hz, struct plan *ret)
{
	struct policy p = { .rto_max_ms = rto_max_ms, .hz = hz };

	plan_make(&p, ret);
	ret->count = retries < SCHEDULE_SYNS_MAX ? retries : SCHEDULE_SYNS_MAX - 1;
	ret->model = 0; /* reqsk_timer_handler() only counts */
}

void schedule_synack(int retries, int rto_max_ms, int hz, int64_t phase, struct schedule *ret)
{
	struct plan pl;

	synack_plan(retries, rto_max_ms, hz, &pl);
	if (phase < 0)
		pl.clockwork = CLOCKWORK_IDEAL;
	walk(&pl, phase < 0 ? 0 : (uint64_t)phase & ((1ULL << 18) - 1), ret);
	ret->limit = LIMIT_NONE;
}

void schedule_synack_range(int retries, int rto_max_ms, int hz, struct schedule_range *ret)
{
	struct plan pl;

	synack_plan(retries, rto_max_ms, hz, &pl);
	range_of(&pl, hz ? hz : 250, ret);
}

int64_t schedule_jiffies_ns(int64_t jiffies, int hz)
{
	return (jiffies * 1000000000LL + hz / 2) / hz;
}

void policy_default(uint32_t kernel, struct policy *ret)
{
	*ret = (struct policy){
		/* 5 until 3.6; 6 since 3.7, when the first RTO had become 1 s (include/net/tcp.h, TCP_SYN_RETRIES) */
		.retries = !kernel || kernel >= KERNEL_VERSION_OF(3, 7) ? 6 : 5,
		.linear = !kernel || kernel >= KERNEL_VERSION_OF(6, 5) ? 4 : 0,
		.rto_max_ms = POLICY_RTO_MAX_MS_MAX,
		.hz = 250,
		.kernel = kernel,
	};
}

const char *policy_invalid(const struct policy *p)
{
	if (p->retries < POLICY_RETRIES_MIN || p->retries > POLICY_RETRIES_MAX)
		return "tcp_syn_retries is 1 to 127";
	if (p->linear < 0 || p->linear > POLICY_LINEAR_MAX)
		return "tcp_syn_linear_timeouts is 0 to 127";
	if (p->syncnt < 0 || p->syncnt > POLICY_RETRIES_MAX)
		return "TCP_SYNCNT is 1 to 127";
	if (p->user_timeout_ms < 0 || p->user_timeout_ms > POLICY_USER_TIMEOUT_MS_MAX)
		return "TCP_USER_TIMEOUT is 1 to 2147483647 ms";
	if (p->rto_max_ms < POLICY_RTO_MAX_MS_MIN || p->rto_max_ms > POLICY_RTO_MAX_MS_MAX)
		return "the RTO's maximum is 1000 to 120000 ms";
	if (p->hz < POLICY_HZ_MIN || p->hz > POLICY_HZ_MAX)
		return "HZ is 100 to 1200";
	if (p->rto_first_j < 0 || p->rto_first_j > POLICY_RTO_MAX_MS_MAX / 1000 * p->hz)
		return "the first RTO is 1 jiffy to 120 s";
	return NULL;
}
