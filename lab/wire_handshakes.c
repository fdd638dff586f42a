/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/wire_inside.h"

#define ACK_SLACK 65536 /* Fast Open: a SYN-ACK may acknowledge data, too */

/* The packet's ordinal; there is no end to a connection, but to the number there is. */
static int32_t count(int32_t *n)
{
	return *n < INT32_MAX ? (*n)++ : *n;
}

static void forget(struct wire *w, struct wire_handshake *h)
{
	int side;

	for (side = 0; side < 2; side++)
		if (h->reordered[side])
			h->reordered[side]->reordered = NULL;
	wire_table_remove(&w->handshakes, h);
}

static struct wire_server *server_of(struct wire *w, const struct flow *flow)
{
	struct flow key = { .server = flow->server };
	struct wire_server *s = wire_table_find(&w->servers, &key);

	if (!s) {
		s = wire_table_add(&w->servers, &key);
		s->first_client = flow->client;
	}
	return s;
}

static struct wire_handshake *start(struct wire *w, const struct flow *flow, uint32_t isn)
{
	struct wire_handshake *h = wire_table_oldest(&w->handshakes);
	struct wire_server *s = server_of(w, flow);

	if (h->item.used) {
		w->forgotten += !h->over;
		forget(w, h);
	}
	h = wire_table_add(&w->handshakes, flow);
	h->isn = isn;
	h->number = s->n_handshakes++;
	h->first_port = endpoint_equal(&s->first_client, &flow->client);
	return h;
}

static void know_syn(struct wire *w, struct passing *s, const struct flow *flow, uint32_t isn)
{
	/* Another ISN: the port is used again. */
	if (s->h && s->h->isn != isn) {
		forget(w, s->h);
		s->h = NULL;
	}
	if (!s->h)
		s->h = start(w, flow, isn);
	s->kind = PASSING_SYN;
	s->nth = count(&s->h->n_syns);
	s->of_handshake = true;
}

/* An RST is not counted, so that what comes first is the ACK, whatever the client had to reset before. */
static void know_later(struct passing *s, uint16_t flags)
{
	bool counts = !(flags & (TCP_RST | TCP_SYN));

	s->kind = PASSING_LATER;
	s->nth = counts ? count(&s->h->n_later) : s->h->n_later;
	s->of_handshake = counts && !s->nth;
}

static void know_reply(struct passing *s, const struct event_segment *g)
{
	bool syn_ack = (g->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK);

	if (syn_ack && g->ack - s->h->isn - 1 < ACK_SLACK) {
		s->kind = PASSING_SYN_ACK;
		s->nth = count(&s->h->n_syn_acks);
		s->of_handshake = true;
		return;
	}
	s->kind = PASSING_REPLY;
	s->nth = count(&s->h->n_replies);
	s->of_handshake = g->flags & TCP_RST && !s->h->n_syn_acks;
}

bool wire_know(struct wire *w, struct passing *s)
{
	const struct event_segment *g = &s->p.event.segment;
	struct flow flow = s->from == WIRE_CLIENT ? (struct flow){ g->src, g->dst } : (struct flow){ g->dst, g->src };

	s->h = wire_table_find(&w->handshakes, &flow);
	if (s->from == WIRE_CLIENT && (g->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
		know_syn(w, s, &flow, g->seq);
	else if (s->h && s->from == WIRE_CLIENT)
		know_later(s, g->flags);
	else if (s->h)
		know_reply(s, g);
	return s->h;
}

/* Where no data is looked at, nothing can happen after the SYN-ACK; else FINs tell. */
void wire_passed(const struct wire *w, const struct passing *s)
{
	uint16_t flags = s->p.event.segment.flags;
	uint8_t seen = (uint8_t)(w->looks[WIRE_CLIENT] << WIRE_CLIENT | w->looks[WIRE_FAR] << WIRE_FAR);

	if (flags & TCP_RST)
		s->h->over = s->from == WIRE_FAR || s->h->n_syn_acks;
	if (flags & TCP_FIN)
		s->h->fins |= (uint8_t)(1 << s->from);
	if (s->kind == PASSING_SYN_ACK || flags & TCP_FIN)
		s->h->over |= (s->h->fins & seen) == seen;
}
