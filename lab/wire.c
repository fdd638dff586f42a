/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/wire.h"

#include <stdlib.h>

#include "lab/wire_inside.h"
#include "packet/classify.h"
#include "packet/forge.h"

#define SERVERS_MAX WIRE_HANDSHAKES_MAX

static void look_at_faults(struct wire *w)
{
	enum wire_side side;
	int i;

	w->idle = true;
	for (i = 0; i < w->o.n_faults; i++) {
		enum fault_kind kind = w->o.faults[i].kind;

		if (kind == FAULT_NONE || kind > FAULT_WIRE_LAST)
			continue;
		w->idle = false;
		for (side = WIRE_CLIENT; side <= WIRE_FAR; side++)
			w->looks[side] |= wire_act_looks_at(kind, side);
	}
}

struct wire *wire_new(const struct wire_opts *o)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->o = *o;
	look_at_faults(w);
	w->acted = calloc((size_t)o->n_faults + 1, sizeof(*w->acted));
	if (!w->acted ||
	    !wire_table_init(&w->handshakes, sizeof(struct wire_handshake), WIRE_HANDSHAKES_MAX, o->seed) ||
	    !wire_table_init(&w->servers, sizeof(struct wire_server), SERVERS_MAX, o->seed)) {
		wire_free(w);
		return NULL;
	}
	return w;
}

void wire_free(struct wire *w)
{
	if (!w)
		return;
	held_fini(&w->held);
	wire_table_fini(&w->handshakes);
	wire_table_fini(&w->servers);
	free(w->acted);
	free(w);
}

/* Takes a held one out and sends it. */
static void let_go(struct wire *w, struct held *h)
{
	held_take(&w->held, h);
	if (h->reordered)
		h->reordered->reordered[wire_other(h->to)] = NULL;
	while (h->copies--)
		w->o.send(h->to, &h->vh, bytes_of(h->bytes, h->len), w->o.user);
	free(h);
}

/* A packet goes at passes_ns: one of the same handshake and direction that waits for it may follow. */
static void let_follow(struct wire *w, struct held *h, int64_t passes_ns, int64_t now_ns)
{
	int64_t due_ns = passes_ns > h->earliest_ns ? passes_ns : h->earliest_ns;

	h->reordered->reordered[wire_other(h->to)] = NULL;
	h->reordered = NULL;
	if (due_ns <= now_ns)
		let_go(w, h);
	else if (due_ns < h->due_ns)
		held_move(&w->held, h, due_ns);
}

static struct held *hold(struct wire *w, const struct passing *s)
{
	const struct held like = { .due_ns = s->now_ns + s->delay_ns + s->reorder_ns,
				   .earliest_ns = s->now_ns + s->delay_ns,
				   .to = wire_other(s->from),
				   .copies = s->copies,
				   .reordered = s->reorder_ns ? s->h : NULL,
				   .vh = *s->vh };
	struct held *h = held_put(&w->held, &like, s->p.frame);

	if (!h)
		w->unheld++;
	else if (s->reorder_ns)
		s->h->reordered[s->from] = h;
	return h;
}

/* Sends it on, now or later. */
static void go_on(struct wire *w, struct passing *s)
{
	struct held *follower = s->h->reordered[s->from], *held = NULL;
	int n;

	if (s->delay_ns || s->reorder_ns)
		held = hold(w, s);
	for (n = 0; !held && n < s->copies; n++)
		w->o.send(wire_other(s->from), s->vh, s->p.frame, w->o.user);
	if (follower)
		let_follow(w, follower, held ? held->due_ns : s->now_ns, s->now_ns);
	wire_passed(w, s);
	wire_act_tell(w, s, held);
}

/* No fault can concern it: said after as short a look as can be. */
static bool is_of_no_concern(const struct wire *w, enum wire_side from, const uint8_t *frame, size_t len)
{
	uint32_t class;

	if (w->idle || len > UINT32_MAX)
		return true;
	switch (classify(LAYOUT_ETHERNET, frame, (uint32_t)len, &class)) {
	case SORT_TCP:
		return !w->looks[from];
	case SORT_OTHER:
	case SORT_ICMP:
		return true;
	default:
		return false;
	}
}

void wire_feed(struct wire *w, enum wire_side from, const struct virtio_net_hdr *vh, uint8_t *frame, size_t len,
	       int64_t now_ns)
{
	struct passing s = { .from = from, .vh = vh, .frame = frame, .now_ns = now_ns, .copies = 1 };

	wire_advance(w, now_ns);
	if (is_of_no_concern(w, from, frame, len) ||
	    decode_frame(LINK_ETHERNET, bytes_of(frame, len), &s.p) != DECODE_OK || !forge_is_plain(&s.p) ||
	    !wire_know(w, &s)) {
		w->o.send(wire_other(from), vh, bytes_of(frame, len), w->o.user);
		return;
	}
	if (wire_act(w, &s))
		go_on(w, &s);
}

int64_t wire_due_ns(const struct wire *w)
{
	const struct held *h = held_first(&w->held);

	return h ? h->due_ns : INT64_MAX;
}

void wire_advance(struct wire *w, int64_t now_ns)
{
	struct held *h;

	while ((h = held_first(&w->held)) && h->due_ns <= now_ns)
		let_go(w, h);
}

uint64_t wire_unheld(const struct wire *w)
{
	return w->unheld;
}

uint64_t wire_forgotten(const struct wire *w)
{
	return w->forgotten;
}
