/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/digest.h"

#include <stddef.h>

bool digest_is_answer(enum ignored i)
{
	return i == IGNORED_NOT || i == IGNORED_LATE || i == IGNORED_DROPPED || i == IGNORED_BY_TYPE ||
	       i == IGNORED_CHECKSUM || i == IGNORED_NOT_TAKEN;
}

static bool fits(const struct reply *r)
{
	return digest_is_answer(r->ignored);
}

const struct reply *digest_answer(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (fits(&a->replies[i]))
			return &a->replies[i];
	return NULL;
}

/* Nothing of the client came after it: no RST, and no SYN as of one that did not get it. */
static bool was_the_last_word(const struct attempt *a)
{
	const struct reply *r = attempt_accepted_reply(a);
	int last = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns - 1 : ATTEMPT_SYNS_MAX - 1;

	return !a->client_rst_ns && r && last >= 0 && a->syn_ns[last] <= r->t_ns;
}

void digest_make(const struct attempt *a, const struct verdict *v, struct digest *ret)
{
	const struct reply *answer = digest_answer(a);
	int i;

	*ret = (struct digest){ .number = a->number,
				.start_ns = attempt_start_ns(a),
				.elapsed_ns = v->elapsed_ns,
				.flow = a->flow,
				.n_syns = a->n_syns,
				.outcome = v->outcome,
				.gave_up_by = v->gave_up_by,
				.limit = v->limit,
				.confidence = v->confidence,
				.cancelled = v->outcome == OUTCOME_ABANDONED && a->winner_ns,
				.answer = a->answered_by_reset ? REPLY_RST
					  : answer	       ? answer->kind
							       : REPLY_NONE };
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		ret->n_synacks += a->replies[i].kind == REPLY_SYN_ACK && fits(&a->replies[i]);
	ret->half_open = ret->answer == REPLY_SYN_ACK && v->outcome == OUTCOME_UNANSWERED && was_the_last_word(a);
}
