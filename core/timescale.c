/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/timescale.h"

__extension__ typedef __int128 wide; /* ns times ns does not fit in 64 bits */

void timescale_init(struct timescale *ts, const struct policy *fast, int64_t phase)
{
	struct policy slow = *fast;
	struct schedule f, s;
	int i;

	ts->n = 0;
	if (!fast->rto_first_j)
		return;
	slow.rto_first_j = 0;
	if (phase < 0) {
		schedule_nominal(fast, &f);
		schedule_nominal(&slow, &s);
	} else {
		schedule_exact(fast, (uint64_t)phase, &f);
		schedule_exact(&slow, (uint64_t)phase, &s);
	}
	for (i = 0; i < f.n && i < s.n; i++) {
		ts->real_ns[i] = schedule_jiffies_ns(f.syn[i], fast->hz);
		ts->lab_ns[i] = schedule_jiffies_ns(s.syn[i], fast->hz);
	}
	if (f.n == s.n) {
		ts->real_ns[i] = schedule_jiffies_ns(f.end, fast->hz);
		ts->lab_ns[i] = schedule_jiffies_ns(s.end, fast->hz);
		i++;
	}
	ts->n = i;
}

static int64_t map(const int64_t *from, const int64_t *to, int n, int64_t x)
{
	int i = 1;

	if (n < 2 || x <= 0)
		return x;
	while (i < n - 1 && x > from[i])
		i++;
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

static void shift(const struct timescale *ts, int64_t start, int64_t *t)
{
	if (*t)
		*t = start + timescale_to_lab(ts, *t - start);
}

void timescale_attempt(const struct attempt *fast, struct attempt *ret)
{
	struct timescale ts;
	int64_t start = attempt_start_ns(fast);
	int i;

	*ret = *fast;
	if (!fast->has_policy)
		return;
	timescale_init(&ts, &fast->policy, fast->has_phase ? (int64_t)fast->phase : -1);
	ret->policy.rto_first_j = 0;
	ret->phase_edge_ns = 0; /* a part of a jiffy is no longer to be told on this axis */
	for (i = 0; i < fast->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		shift(&ts, start, &ret->syn_ns[i]);
	for (i = 0; i < fast->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		shift(&ts, start, &ret->replies[i].t_ns);
	shift(&ts, start, &ret->ack_ns);
	shift(&ts, start, &ret->client_rst_ns);
	shift(&ts, start, &ret->fin_ns[0]);
	shift(&ts, start, &ret->fin_ns[1]);
	shift(&ts, start, &ret->ended_ns);
	shift(&ts, start, &ret->exit_ns);
	shift(&ts, start, &ret->observed_until_ns);
}
