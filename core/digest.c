/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/digest.h"

bool digest_failed(const struct digest *d)
{
	return d->outcome != OUTCOME_ESTABLISHED && d->outcome != OUTCOME_PENDING;
}

/*
 * An answer is one that fits, whether or not it helped: a SYN-ACK that came
 * after the client had left, and an ICMP of a type that ends nothing, answered.
 */
static bool fits(const struct reply *r)
{
	return r->ignored == IGNORED_NOT || r->ignored == IGNORED_LATE || r->ignored == IGNORED_DROPPED ||
	       r->ignored == IGNORED_BY_TYPE;
}

void digest_make(const struct attempt *a, const struct verdict *v, struct digest *ret)
{
	int i;

	*ret = (struct digest){ .number = a->number,
				.start_ns = attempt_start_ns(a),
				.elapsed_ns = v->elapsed_ns,
				.flow = a->flow,
				.n_syns = a->n_syns,
				.outcome = v->outcome,
				.gave_up_by = v->gave_up_by,
				.limit = v->limit,
				.confidence = v->confidence };
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		if (!fits(&a->replies[i]))
			continue;
		if (ret->answer == REPLY_NONE)
			ret->answer = a->replies[i].kind;
		ret->n_synacks += a->replies[i].kind == REPLY_SYN_ACK;
	}
	ret->half_open = ret->answer == REPLY_SYN_ACK && v->outcome == OUTCOME_UNANSWERED;
}
