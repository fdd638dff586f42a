/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_schedule.h"

bool schedule_of(const struct attempt *a, struct schedule *ret, bool *ret_exact)
{
	if (!a->has_policy || policy_invalid(&a->policy))
		return false;
	*ret_exact = a->has_phase;
	if (a->has_phase)
		schedule_exact(&a->policy, a->phase, ret);
	else
		schedule_nominal(&a->policy, ret);
	return true;
}

static int64_t since_syn0(const struct attempt *a, int64_t jiffies, bool exact)
{
	int64_t ns = schedule_jiffies_ns(jiffies, a->policy.hz);

	return jiffies && exact ? ns - a->phase_edge_ns : ns;
}

static int predict(const struct attempt *a, int64_t *syns_ns, int max, int64_t *ret_end_ns, bool *ret_exact)
{
	struct schedule s;
	int i;

	if (!schedule_of(a, &s, ret_exact))
		return 0;
	for (i = 0; i < s.n && i < max; i++)
		syns_ns[i] = since_syn0(a, s.syn[i], *ret_exact);
	*ret_end_ns = since_syn0(a, s.end, *ret_exact);
	return i;
}

int verdict_predict(const struct attempt *a, int64_t *syns_ns, int max, int64_t *ret_end_ns, bool *ret_exact)
{
	/* in SYN-RECEIVED the timer follows other limits (net/ipv4/tcp_timer.c tcp_write_timeout()) */
	if (a->limits_changed || a->crossed)
		return 0;
	return predict(a, syns_ns, max, ret_end_ns, ret_exact);
}

int64_t verdict_predict_end(const struct attempt *a, bool *ret_exact)
{
	int64_t syn, end_ns;

	if (predict(a, &syn, 1, &end_ns, ret_exact))
		return end_ns;
	*ret_exact = false;
	return 0;
}

int retransmissions(const struct attempt *a)
{
	int seen = a->n_syns > 0 ? a->n_syns - 1 : 0;

	return a->retransmits > seen ? a->retransmits : seen;
}

bool may_have_ended_at(const struct attempt *a, const struct verdict *v, int64_t instant_ns)
{
	int64_t unseen = a->end == ATTEMPT_END_CLOSE ? a->unseen_ns : 0;

	return instant_ns >= v->elapsed_ns - unseen - GIVE_UP_TOLERANCE_NS &&
	       instant_ns <= v->elapsed_ns + GIVE_UP_TOLERANCE_NS;
}

/* A deadline leaves time for fewer of them where ticks come late. */
static bool count_fits(const struct attempt *a, const struct schedule *s)
{
	int n = retransmissions(a) + 1;

	return s->n == n || (s->limit == LIMIT_USER_TIMEOUT && n < s->n);
}

bool on_schedule(const struct attempt *a, const struct verdict *v)
{
	struct schedule s;
	bool exact;

	return schedule_of(a, &s, &exact) && count_fits(a, &s) &&
	       (v->elapsed_ns >= since_syn0(a, s.end, exact) - GIVE_UP_TOLERANCE_NS || hurried_syn(a));
}

bool ended_by_count(const struct attempt *a, const struct verdict *v)
{
	struct attempt without = { .has_policy = a->has_policy,
				   .policy = a->policy,
				   .has_phase = a->has_phase,
				   .phase = a->phase,
				   .phase_edge_ns = a->phase_edge_ns };
	int64_t timeout_ns = a->policy.user_timeout_ms * 1000000;
	struct schedule s;
	bool exact;

	if (v->elapsed_ns < timeout_ns - GIVE_UP_TOLERANCE_NS)
		return true;
	without.policy.user_timeout_ms = 0;
	return a->limits_changed && schedule_of(&without, &s, &exact) && retransmissions(a) == s.n - 1 &&
	       v->elapsed_ns >= since_syn0(&without, s.end, exact) - GIVE_UP_TOLERANCE_NS;
}

#define HURRY_NS 50000000LL /* it takes two jiffies */

int hurried_syn(const struct attempt *a)
{
	int i, j;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		if (a->replies[i].ignored != IGNORED_WRONG_ACK)
			continue;
		for (j = 1; j < a->n_syns && j < ATTEMPT_SYNS_MAX; j++)
			if (a->syn_ns[j - 1] && a->syn_ns[j] > a->replies[i].t_ns &&
			    a->syn_ns[j] < a->replies[i].t_ns + HURRY_NS)
				return j;
	}
	return 0;
}

#define PROBE_NS 500000000LL
#define PROBE_LATE_NS 40000000LL /* a bucket of the timer wheel, and ticks that are late */
#define WAIT_MIN_NS 900000000LL	 /* else that is no less than it would have waited anyhow */

int refused_syn(const struct attempt *a, const struct verdict *v)
{
	int64_t wait_ns, due_ns, end_ns = attempt_start_ns(a) + v->elapsed_ns, tick_ns;
	struct schedule s;
	bool exact;
	int i;

	if (a->policy.user_timeout_ms || !schedule_of(a, &s, &exact))
		return 0;
	tick_ns = schedule_jiffies_ns(1, a->policy.hz);
	for (i = 1; i < a->n_syns && i < ATTEMPT_SYNS_MAX && i < s.n; i++) {
		if (!a->syn_ns[i] || (i + 1 < a->n_syns && (i + 1 == ATTEMPT_SYNS_MAX || !a->syn_ns[i + 1])))
			continue;
		wait_ns = (i + 1 < a->n_syns ? a->syn_ns[i + 1] : end_ns) - a->syn_ns[i];
		due_ns = schedule_jiffies_ns((i + 1 < s.n ? s.syn[i + 1] : s.end) - s.syn[i], a->policy.hz);
		if (due_ns > WAIT_MIN_NS && wait_ns > PROBE_NS - 2 * tick_ns && wait_ns < PROBE_NS + PROBE_LATE_NS)
			return i;
	}
	return 0;
}

bool may_be_hastened_end(const struct attempt *a, const struct verdict *v)
{
	int refused = refused_syn(a, v), last = a->n_syns - 1;
	struct schedule s;
	int64_t wait_ns;
	bool exact;

	if (!refused || refused >= last || !schedule_of(a, &s, &exact) || last != s.n - 1 || !a->syn_ns[last])
		return false;
	wait_ns = v->elapsed_ns - (a->syn_ns[last] - attempt_start_ns(a));
	return wait_ns > PROBE_NS - GIVE_UP_TOLERANCE_NS && wait_ns - a->unseen_ns < PROBE_NS + PROBE_LATE_NS;
}

bool end_range(const struct attempt *a, int64_t *ret_min_ns, int64_t *ret_max_ns)
{
	struct schedule_range r;

	if (!a->has_policy || policy_invalid(&a->policy))
		return false;
	schedule_range(&a->policy, &r);
	*ret_min_ns = r.end.min_ns;
	*ret_max_ns = r.end.max_ns;
	return true;
}

int syncnt_that_ends(const struct attempt *a, const struct verdict *v)
{
	struct attempt other = { .has_policy = true,
				 .policy = a->policy,
				 .has_phase = a->has_phase,
				 .phase = a->phase,
				 .phase_edge_ns = a->phase_edge_ns };
	int64_t syn, end;
	struct schedule s;
	bool exact;

	if (!a->has_policy)
		return 0;
	for (other.policy.syncnt = 1; other.policy.syncnt < POLICY_RETRIES_MAX; other.policy.syncnt++) {
		if (!schedule_of(&other, &s, &exact) || !verdict_predict(&other, &syn, 1, &end, &exact) ||
		    end > v->elapsed_ns + GIVE_UP_TOLERANCE_NS)
			break;
		if (s.n == retransmissions(a) + 1 && may_have_ended_at(a, v, end))
			return other.policy.syncnt;
	}
	return 0;
}

bool may_be_schedules_end(const struct attempt *a, const struct verdict *v)
{
	int64_t min, max, end_ns;
	bool exact;

	end_ns = verdict_predict_end(a, &exact);
	if (exact)
		return may_have_ended_at(a, v, end_ns);
	return end_range(a, &min, &max) && v->elapsed_ns >= min - GIVE_UP_TOLERANCE_NS &&
	       v->elapsed_ns <= max + GIVE_UP_TOLERANCE_NS && on_schedule(a, v);
}
