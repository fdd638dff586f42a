/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  What belongs to an attempt is what core/handshakes.h
 * said, as long as it followed the attempt.  It forgets, sooner in a busy
 * capture than in a quiet one, and what it forgot on one side only would look
 * like a loss; so answers of no attempt are looked up here once more, by flow, and
 * a SYN of an ISN that was there before goes to that attempt.
 */
#include "core/pairing_side.h"

#include <stdlib.h>
#include <string.h>

#include "core/pairing_inside.h"

#define LATE_MAX 8 /* packets after the handshake that are kept of an attempt */

/* PAIRING_KIND_N: nothing that is compared. */
static enum pairing_kind kind_of(const struct pairing_side *s, const struct side_attempt *a, const struct sighting *p)
{
	if (p->kind == SIGHTING_ICMP)
		return p->has_seq && p->seq != a->isn ? PAIRING_KIND_N : PAIRING_ICMP;
	if (side_is_syn(p))
		return PAIRING_SYN;
	if (side_is_syn_ack(p))
		return side_is_from_server(s, a, p) ? PAIRING_SYN_ACK : PAIRING_KIND_N;
	if (p->flags & TCP_SYN)
		return PAIRING_KIND_N;
	if (p->flags & TCP_RST)
		return side_is_from_server(s, a, p) ? PAIRING_RST : PAIRING_CLIENT_RST;
	return side_is_from_client(s, a, p) && !(a->flags & ATTEMPT_ACKED) ? PAIRING_ACK : PAIRING_KIND_N;
}

static int n_late(const struct pairing_side *s, const struct side_attempt *a)
{
	int n = 0;
	uint32_t i;

	for (i = a->first; i; i = side_packet(s, i)->next)
		n += side_packet(s, i)->flags & PACKET_LATE;
	return n;
}

static uint8_t flags_of(const struct side_attempt *a, enum pairing_kind kind, const struct sighting *p)
{
	uint8_t flags = 0;

	if (a->flags & ATTEMPT_ACKED && kind != PAIRING_SYN && kind != PAIRING_SYN_ACK)
		flags |= PACKET_LATE;
	if (kind == PAIRING_SYN_ACK || (kind == PAIRING_RST && !(flags & PACKET_LATE) && p->flags & TCP_ACK))
		flags |= side_fits(a, p->ack) ? 0 : PACKET_UNFIT;
	return flags;
}

/* False when there is no memory. */
static bool keep(struct pairing_side *s, uint32_t at, enum pairing_kind kind, const struct sighting *p)
{
	struct side_attempt *a = side_attempt(s, at);
	uint8_t flags = flags_of(a, kind, p);
	struct side_packet *k;
	uint32_t i, from = 0;

	if (a->n == PAIRING_PACKETS_MAX || (flags & PACKET_LATE && n_late(s, a) == LATE_MAX)) {
		s->counts.dropped++;
		return true;
	}
	if (kind == PAIRING_ICMP)
		from = side_take_addresses(s, p->from.b, p->from.b);
	i = side_take(s, &s->packets);
	if (!i || (kind == PAIRING_ICMP && !from))
		return false;
	k = side_packet(s, i);
	*k = (struct side_packet){ .t_ns = p->t_ns,
				   .number = p->packet > UINT32_MAX ? UINT32_MAX : (uint32_t)p->packet,
				   .mark = p->mark,
				   .seq = from ? from : p->seq,
				   .kind = (uint8_t)kind,
				   .flags = flags,
				   .ttl = p->ttl };
	if (kind == PAIRING_ICMP) {
		k->icmp_family = p->from.family;
		k->icmp_type = p->icmp_type;
		k->icmp_code = p->icmp_code;
	}
	if (a->last)
		side_packet(s, a->last)->next = i;
	else
		a->first = i;
	a->last = i;
	a->n++;
	a->flags |= kind == PAIRING_ACK ? ATTEMPT_ACKED : 0;
	s->counts.packets++;
	return true;
}

/* What core/handshakes.h takes for the same packet twice has 8 bits of its mark; here is all of it. */
static bool has_mark(const struct pairing_side *s, const struct side_attempt *a, enum pairing_kind kind, uint32_t mark)
{
	uint32_t i;

	for (i = a->first; i; i = side_packet(s, i)->next)
		if (side_packet(s, i)->kind == kind && side_packet(s, i)->mark == mark)
			return true;
	return false;
}

void pairing_side_feed(struct pairing_side *s, const struct sighting *p, bool chosen)
{
	enum pairing_kind kind;
	bool full = false;
	uint32_t i;

	i = s->full ? 0 : side_attempt_of(s, p, &full);
	if (i) {
		if (chosen)
			side_attempt(s, i)->flags |= ATTEMPT_CHOSEN;
		kind = kind_of(s, side_attempt(s, i), p);
		if (kind < PAIRING_KIND_N && !(p->duplicate && has_mark(s, side_attempt(s, i), kind, p->mark)))
			full = !keep(s, i, kind, p);
	}
	if (full && !s->full) {
		s->full = true;
		s->counts.lost_ns = p->t_ns;
	}
	s->counts.lost += s->full;
}

void pairing_side_judge(struct pairing_side *s, const struct digest *d)
{
	uint32_t i = side_numbered(s, d->number);

	if (i)
		side_attempt(s, i)->outcome = (uint8_t)d->outcome;
}

void pairing_side_span(struct pairing_side *s, const struct pairing_span *span)
{
	s->span = *span;
}

void pairing_side_counts(const struct pairing_side *s, struct pairing_side_counts *ret)
{
	*ret = s->counts;
}

int side_list(const struct pairing_side *s, const struct side_attempt *a, enum pairing_kind kind,
	      const struct side_packet *ret[PAIRING_PACKETS_MAX])
{
	uint32_t i;
	int n = 0;

	for (i = a->first; i; i = side_packet(s, i)->next)
		if (side_packet(s, i)->kind == kind)
			ret[n++] = side_packet(s, i);
	return n;
}
