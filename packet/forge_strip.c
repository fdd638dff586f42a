/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/forge.h"

#include "packet/checksum.h"

#define NOP 1
#define FLAGS_AT 12
#define CHECKSUM_AT 16
#define FLAGS_ECN (TCP_ECE | TCP_CWR | TCP_AE)

enum { KIND_SACK_PERMITTED = 4, KIND_TIMESTAMPS = 8, KIND_MPTCP = 30, KIND_TFO = 34, KIND_EXPERIMENT = 254 };
#define EXPERIMENT_TFO 0xf989 /* RFC 7413 section 4.1.1 */

static bool is_tfo_experiment(const struct tcp_option *o)
{
	struct bytes data = o->data;
	uint16_t id;

	return o->kind == KIND_EXPERIMENT && bytes_u16be(&data, &id) && id == EXPERIMENT_TFO;
}

static bool option_is(const struct tcp_option *o, enum forge_offer offer)
{
	switch (offer) {
	case OFFER_SACK:
		return o->kind == KIND_SACK_PERMITTED;
	case OFFER_TIMESTAMPS:
		return o->kind == KIND_TIMESTAMPS;
	case OFFER_MPTCP:
		return o->kind == KIND_MPTCP;
	case OFFER_TFO:
		return o->kind == KIND_TFO || is_tfo_experiment(o);
	default:
		return false;
	}
}

/* As they are in the bytes now: an earlier strip may have changed them. */
static uint16_t ecn_flags(const struct packet *p)
{
	struct bytes b = p->l4;
	uint16_t flags;

	return bytes_skip(&b, FLAGS_AT) && bytes_u16be(&b, &flags) ? flags & FLAGS_ECN : 0;
}

bool forge_offers(const struct packet *p, enum forge_offer o)
{
	struct tcp_options it;
	struct tcp_option option;

	if (o == OFFER_ECN)
		return ecn_flags(p);
	tcp_options_init(&it, p->l4);
	while (tcp_options_next(&it, &option))
		if (option_is(&option, o))
			return true;
	return false;
}

/* A segment whose bytes are changed, and what that does to its checksum (RFC 1624). */
struct change {
	uint8_t *l4;
	uint64_t sum; /* of the complements of old words and of new ones, in the machine's order */
};

static void set_byte(struct change *c, size_t at, uint8_t v)
{
	uint16_t word;

	memcpy(&word, c->l4 + (at & ~(size_t)1), sizeof(word));
	c->sum += (uint16_t)~word;
	c->l4[at] = v;
	memcpy(&word, c->l4 + (at & ~(size_t)1), sizeof(word));
	c->sum += word;
}

static void strip_options(struct change *c, const struct packet *p, enum forge_offer o)
{
	struct tcp_options it;
	struct tcp_option option;
	size_t at, i;

	/* The walk goes on behind what is changed. */
	tcp_options_init(&it, p->l4);
	while (tcp_options_next(&it, &option)) {
		if (!option_is(&option, o))
			continue;
		at = (size_t)(it.left.p - p->l4.p) - option.len;
		for (i = 0; i < option.len; i++)
			set_byte(c, at + i, NOP);
	}
}

bool forge_strip(uint8_t *frame, const struct packet *p, enum forge_offer o, bool partial)
{
	struct change c = { .l4 = frame + (p->l4.p - p->frame.p) };
	uint16_t sum;

	if (!forge_offers(p, o))
		return false;
	if (o == OFFER_ECN) {
		set_byte(&c, FLAGS_AT, c.l4[FLAGS_AT] & (uint8_t) ~(TCP_AE >> 8));
		set_byte(&c, FLAGS_AT + 1, c.l4[FLAGS_AT + 1] & (uint8_t)~FLAGS_ECN);
	} else {
		strip_options(&c, p, o);
	}
	if (partial || p->l4.len < CHECKSUM_AT + sizeof(sum))
		return true;
	memcpy(&sum, c.l4 + CHECKSUM_AT, sizeof(sum));
	sum = (uint16_t)~checksum_fold(c.sum + (uint16_t)~sum);
	memcpy(c.l4 + CHECKSUM_AT, &sum, sizeof(sum));
	return true;
}
