/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "handshakes_model_inside.h"

#include <stdlib.h>

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

/* When a timer that fired at these times would have fired again, at the latest. */
static int64_t overdue_ns(int64_t last_gap)
{
	if (!last_gap)
		return 1250 * MS;
	if (last_gap < SECOND)
		last_gap = SECOND;
	if (last_gap > 3600 * SECOND)
		last_gap = 3600 * SECOND;
	return 2 * last_gap + last_gap / 128 + 250 * MS;
}

struct timer {
	int64_t last, gap;
	bool any;
};

static void fired(struct timer *t, int64_t at)
{
	if (t->any && at - t->last > 100 * MS)
		t->gap = at - t->last;
	if (!t->any || at > t->last)
		t->last = at;
	t->any = true;
}

static int64_t deadline_ns(const struct model_attempt *a)
{
	struct timer syns = { 0 }, syn_acks = { 0 };
	int64_t end, other;
	int i;

	if (model_is_settled(a))
		return a->syn.t_ns;
	for (i = 0; i < a->n_syns; i++)
		fired(&syns, a->syn_ns[i]);
	for (i = 0; i < a->n_replies; i++)
		if (a->replies[i].reply.kind == REPLY_SYN_ACK && a->replies[i].reply.ignored == IGNORED_NOT)
			fired(&syn_acks, a->replies[i].reply.t_ns);
	end = syns.last + overdue_ns(syns.gap);
	other = syn_acks.last + overdue_ns(syn_acks.gap);
	return syn_acks.any && other > end ? other : end;
}

static void add_syn(struct model *m, struct model_attempt *a, const struct sighting *s)
{
	a->syn_ns = realloc(a->syn_ns, (size_t)(a->n_syns + 1) * sizeof(*a->syn_ns));
	if (!a->n_syns)
		a->first_tsval = sighting_tsval(s->ip_id, s->mark);
	if (a->gone && s->mark != a->mark && /* it had not gone */
	    (!(a->has_ts && s->has_ts) || (int32_t)(sighting_tsval(s->ip_id, s->mark) - a->tsval) > 0)) {
		a->gone = a->syn_ack = false;
		model_change_syn_acks(a, IGNORED_LATE, IGNORED_NOT_TAKEN);
	}
	a->has_ts = s->has_ts && (a->has_ts || !a->n_syns);
	a->tsval = sighting_tsval(s->ip_id, s->mark);
	a->syn_ns[a->n_syns++] = s->t_ns;
	a->mark = s->mark;
	m->counts.syns += a->number != 0;
	a->refused = false; /* it tries again */
	if (a->ended && !a->acked && !a->replaced) {
		a->ended = false;
		a->ended_ns = 0;
	}
}

static void feed_syn(struct model *m, struct sighting *s)
{
	struct model_attempt *a, *before = NULL, *other = NULL;
	uint32_t i;

	for (i = 0; i < m->n; i++) {
		a = &m->attempts[i];
		if (model_is_from(a, s) && a->syn.seq == s->seq) {
			model_belongs(s, a);
			if (a->mark == s->mark && model_within(s->t_ns, a->syn_ns[a->n_syns - 1], MODEL_DUPLICATE_NS))
				model_duplicate(m, s);
			else
				add_syn(m, a, s);
			return;
		}
		if (model_is_from(a, s) && a->syn.path == s->path && deadline_ns(a) > s->t_ns)
			before = a;
		if (!model_is_from(a, s) && model_is_to(a, s)) /* not one of a port to itself */
			other = a;
	}
	if (s->joins_only)
		return;
	if (before) {
		before->replaced = true;
		model_note_end(before, s->t_ns);
	}
	i = before ? (uint32_t)(before - m->attempts) : 0;
	if (other && !model_is_settled(other) && !other->syn_ack)
		other->crossed = true;
	else
		other = NULL;
	m->attempts = realloc(m->attempts, (m->n + 1) * sizeof(*m->attempts));
	a = &m->attempts[m->n++];
	*a = (struct model_attempt){ .syn = *s,
				     .number = s->unasked ? 0 : (uint32_t)++m->counts.attempts,
				     .index = m->counts.sightings,
				     .crossed = other };
	model_belongs(s, a);
	add_syn(m, a, s);
}

static void feed_other(struct model *m, struct sighting *s)
{
	struct model_attempt *found = NULL;
	uint32_t i;

	if (!(s->flags & TCP_ACK))
		return;
	for (i = 0; i < m->n; i++) {
		struct model_attempt *a = &m->attempts[i];

		if (!model_is_settled(a) && model_is_from(a, s) &&
		    model_follows(s->seq, a->syn.seq, a->syn_ack ? 1u << 24 : 1u << 16))
			found = a;
	}
	if (!found)
		return;
	model_belongs(s, found);
	model_complete(found, s);
}

void model_feed(struct model *m, struct sighting *s)
{
	const uint16_t flags = s->flags & (TCP_SYN | TCP_ACK | TCP_RST);

	s->attempt = 0;
	s->duplicate = false;
	m->counts.sightings++;
	if (s->kind == SIGHTING_ICMP)
		model_feed_icmp(m, s);
	else if (flags == TCP_SYN && !(s->flags & TCP_FIN))
		feed_syn(m, s);
	else if (flags == (TCP_SYN | TCP_ACK))
		model_feed_syn_ack(m, s);
	else if (flags & TCP_SYN)
		m->counts.odd++;
	else if (flags & TCP_RST)
		model_feed_reset(m, s);
	else
		feed_other(m, s);
}

void model_fini(struct model *m)
{
	uint32_t i;

	for (i = 0; i < m->n; i++) {
		free(m->attempts[i].syn_ns);
		free(m->attempts[i].replies);
	}
	free(m->attempts);
	*m = (struct model){ .n = 0 };
}
