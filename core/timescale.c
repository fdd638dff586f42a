/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/timescale.h"

__extension__ typedef __int128 wide; /* ns times ns does not fit in 64 bits */

static void knots(struct timescale *ts, const struct policy *fast, uint64_t phase, int64_t edge)
{
	struct policy slow = *fast;
	struct schedule f, s;
	int i;

	ts->n = 0;
	if (!fast->rto_first_j)
		return;
	slow.rto_first_j = 0;
	schedule_exact(fast, phase, &f);
	schedule_exact(&slow, phase, &s);
	for (i = 0; i < f.n && i < s.n; i++) {
		ts->real_ns[i] = i ? schedule_jiffies_ns(f.syn[i], fast->hz) - edge : 0;
		ts->lab_ns[i] = i ? schedule_jiffies_ns(s.syn[i], fast->hz) - edge : 0;
	}
	if (f.n == s.n) {
		ts->real_ns[i] = schedule_jiffies_ns(f.end, fast->hz) - edge;
		ts->lab_ns[i] = schedule_jiffies_ns(s.end, fast->hz) - edge;
		i++;
	}
	ts->n = i;
}

void timescale_init(struct timescale *ts, const struct policy *fast)
{
	knots(ts, fast, 0, 0);
}

/* SYN 0 left within a jiffy, the others leave at the begin of one: hence the edge. */
void timescale_of(struct timescale *ts, const struct attempt *a)
{
	ts->n = 0;
	if (a->has_policy)
		knots(ts, &a->policy, a->has_phase ? a->phase : 0, a->has_phase ? a->phase_edge_ns : 0);
}

static int64_t map(const int64_t *from, const int64_t *to, int n, int64_t x)
{
	int i = 1;

	if (n < 2 || x <= 0)
		return x;
	while (i < n - 1 && x > from[i])
		i++;
	if (from[i] == from[i - 1])
		return to[i]; /* two timers of one instant: no slope to go by */
	/* Beyond the last knot the last slope goes on. */
	return to[i - 1] + (int64_t)((wide)(x - from[i - 1]) * (to[i] - to[i - 1]) / (from[i] - from[i - 1]));
}

int64_t timescale_to_lab(const struct timescale *ts, int64_t real_ns)
{
	return map(ts->real_ns, ts->lab_ns, ts->n, real_ns);
}

int64_t timescale_to_real(const struct timescale *ts, int64_t lab_ns)
{
	return map(ts->lab_ns, ts->real_ns, ts->n, lab_ns);
}

/* What a timer brought about stretches with the timers. */
static void shift(const struct timescale *ts, int64_t start, int64_t *t)
{
	if (*t)
		*t = start + timescale_to_lab(ts, *t - start);
}

/* What answers a SYN comes as long after it on either axis: round trips are real. */
static void follow(const struct attempt *fast, const struct attempt *lab, int64_t *t)
{
	int i = fast->n_syns < ATTEMPT_SYNS_MAX ? fast->n_syns - 1 : ATTEMPT_SYNS_MAX - 1;

	while (i > 0 && (!fast->syn_ns[i] || fast->syn_ns[i] > *t))
		i--;
	if (*t && i >= 0)
		*t += lab->syn_ns[i] - fast->syn_ns[i];
}

void timescale_attempt(const struct attempt *fast, struct attempt *ret)
{
	bool answered = fast->end == ATTEMPT_END_RESULT && attempt_accepted_reply(fast);
	struct timescale ts;
	int64_t start = attempt_start_ns(fast);
	int i;

	*ret = *fast;
	timescale_of(&ts, fast);
	ret->policy.rto_first_j = 0;
	for (i = 0; i < fast->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		shift(&ts, start, &ret->syn_ns[i]);
	for (i = 0; i < fast->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		follow(fast, ret, &ret->replies[i].t_ns);
	ret->own_timer_ns = timescale_to_lab(&ts, fast->own_timer_ns);
	follow(fast, ret, &ret->ack_ns);
	follow(fast, ret, &ret->client_rst_ns);
	follow(fast, ret, &ret->fin_ns[0]);
	follow(fast, ret, &ret->fin_ns[1]);
	follow(fast, ret, &ret->exit_ns);
	if (answered)
		follow(fast, ret, &ret->ended_ns);
	else
		shift(&ts, start, &ret->ended_ns);
	shift(&ts, start, &ret->observed_until_ns);
}
