/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/wire_inside.h"

#include "core/flow_hash.h"
#include "packet/forge.h"

enum act {
	ACT_NOTHING,
	ACT_DONE, /* and the packet goes on */
	ACT_DROP,
	ACT_ANSWER,
};

static uint64_t scramble(uint64_t v)
{
	v = (v ^ v >> 32) * FLOW_HASH_K1;
	v = (v ^ v >> 29) * FLOW_HASH_K2;
	return v ^ v >> 32;
}

uint64_t wire_chance(const struct wire *w, const struct passing *s, int salt)
{
	const struct endpoint *server = &s->h->item.flow.server;
	uint64_t v = server->addr.family == 6 ? flow_hash_end6(w->o.seed, server->addr.b, server->port)
					      : flow_hash_end4(w->o.seed, server->addr.b, server->port);

	v = scramble(v ^ scramble(w->o.seed + FLOW_HASH_K1));
	v = scramble(v + s->h->number);
	v = scramble(v + ((uint64_t)s->kind << 32 | (uint32_t)s->nth));
	return scramble(v + (uint64_t)(uint32_t)salt);
}

/* 0 to n - 1 */
static uint64_t chance_below(const struct wire *w, const struct passing *s, int salt, uint64_t n)
{
	return (uint64_t)((flow_hash_product)wire_chance(w, s, salt) * n >> 64);
}

static enum act drop_first(const struct passing *s, const struct fault *f, enum passing_kind kind)
{
	return s->kind == kind && (!f->n || s->nth < f->n) ? ACT_DROP : ACT_NOTHING;
}

static enum act answer_syn(const struct wire *w, const struct passing *s, const struct fault *f)
{
	return s->kind == PASSING_SYN && wire_answer(w, s, f) ? ACT_ANSWER : ACT_NOTHING;
}

static enum act delay(const struct wire *w, struct passing *s, int i)
{
	const struct fault *f = &w->o.faults[i];
	int64_t by = f->delay_ns;

	if (f->kind == FAULT_DELAY && !s->of_handshake)
		return ACT_NOTHING;
	if (f->jitter_ns > 0)
		by += (int64_t)chance_below(w, s, i, 2 * (uint64_t)f->jitter_ns + 1) - f->jitter_ns;
	s->delay_ns += by > 0 ? by : 0;
	return ACT_DONE;
}

static enum act lose(const struct wire *w, const struct passing *s, int i)
{
	const struct fault *f = &w->o.faults[i];

	if (f->kind == FAULT_LOSS && s->kind != PASSING_SYN)
		return ACT_NOTHING;
	return chance_below(w, s, i, 1000000) < f->loss_ppm ? ACT_DROP : ACT_NOTHING;
}

static enum act duplicate(struct passing *s)
{
	s->copies += s->of_handshake;
	return s->of_handshake ? ACT_DONE : ACT_NOTHING;
}

/* The one behind a packet that waits must go through, or they would come in order again. */
static enum act reorder(struct passing *s, const struct fault *f)
{
	if (!s->of_handshake || s->h->reordered[s->from])
		return ACT_NOTHING;
	s->reorder_ns = f->delay_ns;
	return ACT_DONE;
}

static enum forge_offer offer_of(enum fault_option o)
{
	static const enum forge_offer offers[FAULT_OPTION_N] = {
		[OPTION_SACK] = OFFER_SACK,   [OPTION_TIMESTAMPS] = OFFER_TIMESTAMPS,
		[OPTION_MPTCP] = OFFER_MPTCP, [OPTION_TFO] = OFFER_TFO,
		[OPTION_ECN] = OFFER_ECN,
	};

	return offers[o];
}

static enum act strip(const struct passing *s, const struct fault *f)
{
	bool partial = s->vh->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;

	if (s->kind != PASSING_SYN && s->kind != PASSING_SYN_ACK)
		return ACT_NOTHING;
	return forge_strip(s->frame, &s->p, offer_of(f->option), partial) ? ACT_DONE : ACT_NOTHING;
}

static enum act act_one(const struct wire *w, struct passing *s, int i)
{
	const struct fault *f = &w->o.faults[i];

	switch (f->kind) {
	case FAULT_SYN_DROP:
		return drop_first(s, f, PASSING_SYN);
	case FAULT_SYN_ACK_DROP:
		return drop_first(s, f, PASSING_SYN_ACK);
	case FAULT_ACK_DROP:
		return drop_first(s, f, PASSING_LATER);
	case FAULT_RST:
	case FAULT_RST_BAD_ACK:
	case FAULT_SYN_ACK_BAD:
	case FAULT_ICMP:
		return answer_syn(w, s, f);
	case FAULT_DELAY:
	case FAULT_DELAY_ALL:
		return delay(w, s, i);
	case FAULT_LOSS:
	case FAULT_LOSS_ALL:
		return lose(w, s, i);
	case FAULT_DUPLICATE:
		return duplicate(s);
	case FAULT_REORDER:
		return reorder(s, f);
	case FAULT_CONNTRACK_STALE:
		return s->h->first_port ? ACT_DROP : ACT_NOTHING;
	case FAULT_STRIP:
		return strip(s, f);
	case FAULT_DROP_OPTION:
		return s->kind == PASSING_SYN && forge_offers(&s->p, offer_of(f->option)) ? ACT_DROP : ACT_NOTHING;
	default:
		return ACT_NOTHING;
	}
}

bool wire_act_looks_at(enum fault_kind kind, enum wire_side from)
{
	switch (kind) {
	case FAULT_DELAY_ALL:
	case FAULT_LOSS_ALL:
	case FAULT_REORDER: /* the next one lets the first one go */
		return true;
	case FAULT_ACK_DROP:
	case FAULT_DELAY:
	case FAULT_DUPLICATE:
	case FAULT_CONNTRACK_STALE:
		return from == WIRE_CLIENT;
	default:
		return false;
	}
}

static void tell(const struct wire *w, const struct passing *s, int fault, enum wire_deed deed)
{
	const struct wire_told t = { .t_ns = s->now_ns,
				     .flow = s->h->item.flow,
				     .isn = s->h->isn,
				     .fault = fault,
				     .deed = deed,
				     .reply = s->from == WIRE_FAR,
				     .syn = s->kind == PASSING_SYN || s->kind == PASSING_SYN_ACK,
				     .nth = s->nth };

	w->o.tell(&t, w->o.user);
}

bool wire_act(struct wire *w, struct passing *s)
{
	enum act done;
	int i;

	for (i = 0; i < w->o.n_faults; i++) {
		if (!fault_concerns(&w->o.faults[i].scope, &s->h->item.flow.server))
			continue;
		done = act_one(w, s, i);
		if (done == ACT_DONE)
			w->acted[s->n_acted++] = i;
		if (done == ACT_DROP || done == ACT_ANSWER) {
			tell(w, s, i, done == ACT_DROP ? WIRE_DROPPED : WIRE_ANSWERED);
			return false;
		}
	}
	return true;
}

static enum wire_deed deed_of(enum fault_kind kind)
{
	switch (kind) {
	case FAULT_DUPLICATE:
		return WIRE_DUPLICATED;
	case FAULT_REORDER:
		return WIRE_REORDERED;
	case FAULT_STRIP:
		return WIRE_STRIPPED;
	default:
		return WIRE_DELAYED;
	}
}

void wire_act_tell(const struct wire *w, const struct passing *s, bool held)
{
	enum wire_deed deed;
	int k;

	if (!s->of_handshake)
		return;
	for (k = 0; k < s->n_acted; k++) {
		deed = deed_of(w->o.faults[w->acted[k]].kind);
		if (held || (deed != WIRE_DELAYED && deed != WIRE_REORDERED))
			tell(w, s, w->acted[k], deed);
	}
}
