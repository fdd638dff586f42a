/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "handshakes_model_inside.h"

#include <string.h>

bool model_is_settled(const struct model_attempt *a)
{
	return a->acked || a->refused || a->gone || a->replaced;
}

static bool same_end(const struct sighting *a, bool a_src, const struct sighting *b, bool b_src)
{
	return (a_src ? a->sport : a->dport) == (b_src ? b->sport : b->dport) &&
	       !memcmp(a_src ? a->src : a->dst, b_src ? b->src : b->dst, 16);
}

bool model_is_from(const struct model_attempt *a, const struct sighting *s)
{
	return a->syn.family == s->family && same_end(&a->syn, true, s, true) && same_end(&a->syn, false, s, false);
}

bool model_is_to(const struct model_attempt *a, const struct sighting *s)
{
	return a->syn.family == s->family && same_end(&a->syn, true, s, false) && same_end(&a->syn, false, s, true);
}

void model_note_end(struct model_attempt *a, int64_t t_ns)
{
	if (!a->ended)
		a->ended_ns = t_ns;
	a->ended = true;
}

void model_change_syn_acks(struct model_attempt *a, enum ignored from, enum ignored to)
{
	int i;

	for (i = 0; i < a->n_replies; i++)
		if (a->replies[i].reply.kind == REPLY_SYN_ACK && a->replies[i].reply.ignored == from)
			a->replies[i].reply.ignored = to;
}

void model_belongs(struct sighting *s, const struct model_attempt *a)
{
	s->attempt = a->number;
	s->unasked = !a->number;
}

void model_duplicate(struct model *m, struct sighting *s)
{
	s->duplicate = true;
	m->counts.duplicates++;
}

void model_complete(struct model_attempt *a, const struct sighting *s)
{
	if (!a->syn_ack)
		model_change_syn_acks(a, IGNORED_CHECKSUM, IGNORED_NOT);
	a->acked = true;
	a->ack_ns = s->t_ns;
	model_note_end(a, s->t_ns);
}
