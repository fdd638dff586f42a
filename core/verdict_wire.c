/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_wire.h"

#include "core/verdict_outcome.h"
#include "core/verdict_replies.h"
#include "core/verdict_say.h"
#include "core/verdict_schedule.h"

#define SECOND ((int64_t)1000000000)

int64_t last_syn_ns(const struct attempt *a)
{
	return a->n_syns > 0 && a->n_syns <= ATTEMPT_SYNS_MAX ? a->syn_ns[a->n_syns - 1] : 0;
}

void lost_sight(const struct attempt *a, struct verdict *v, const char *then)
{
	int last = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns - 1 : ATTEMPT_SYNS_MAX - 1;

	say_conclusion(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
	say_headline(v, "%d SYN%s, then %s", a->n_syns, say_plural(a->n_syns), then);
	v->elapsed_ns = last >= 0 ? a->syn_ns[last] - a->syn_ns[0] : 0;
	say_silence(a, v);
}

/*
 * The client's RST to a SYN-ACK says that no socket waited any more.  Before
 * the next SYN was due the kernel had no reason to end it.
 */
static bool left_before_next_syn(const struct attempt *a)
{
	int64_t last = last_syn_ns(a), gap = SECOND;

	if (!a->client_rst_ns || !last || a->n_replies < 1 || a->replies[0].ignored != IGNORED_LATE)
		return false;
	if (a->n_syns > 1 && a->syn_ns[a->n_syns - 2])
		gap = last - a->syn_ns[a->n_syns - 2];
	return a->client_rst_ns - last < gap - GIVE_UP_TOLERANCE_NS;
}

bool judge_wire(const struct attempt *a, struct verdict *v)
{
	const struct reply *r = attempt_accepted_reply(a);
	int64_t last = last_syn_ns(a);

	if (r && r->kind == REPLY_ICMP && r->t_ns >= last) {
		v->elapsed_ns = r->t_ns - attempt_start_ns(a);
		if (is_port_unreachable(r))
			refused(a, v, CONFIDENCE_LIKELY);
		else
			unreachable(a, v, CONFIDENCE_LIKELY);
	} else if (left_before_next_syn(a)) {
		v->elapsed_ns = a->client_rst_ns - attempt_start_ns(a);
		say_evidence(
			v, "the client answered a SYN-ACK with an RST before SYN %d was due: no socket waited any more",
			a->n_syns);
		application_gave_up(a, v, CONFIDENCE_LIKELY);
	} else if (a->observed_until_ns - last <= 2 * (last - a->syn_ns[0]) + 2 * SECOND) {
		return false;
	} else if (r && r->kind == REPLY_SYN_ACK) {
		lost_sight(a, v, "SYN-ACKs and no ACK: they did not reach the client's TCP, or it had left");
	} else {
		if (r)
			say_evidence(v, "an ICMP answered an earlier SYN, and the client went on: a soft error");
		lost_sight(a, v, "silence; packets alone do not tell who gave up");
	}
	return true;
}
