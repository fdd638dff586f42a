/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/conversations.h"

#include <stdlib.h>
#include <string.h>

/* Open addressing; the ends are stored in an order of their own, so that both directions meet in one place. */
struct conversation {
	uint8_t lower[16], upper[16];
	uint16_t lower_port, upper_port;
	uint8_t family;		       /* 0: a free place */
	uint32_t lower_seq, upper_seq; /* what prints as 0 */
};

struct conversations {
	struct conversation *places;
	uint32_t n, size; /* size: a power of two */
	uint64_t seed;
};

#define FIRST_SIZE 64

struct conversations *conversations_new(uint64_t seed)
{
	struct conversations *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->seed = seed;
	c->size = FIRST_SIZE;
	c->places = calloc(c->size, sizeof(*c->places));
	if (!c->places) {
		free(c);
		return NULL;
	}
	return c;
}

void conversations_free(struct conversations *c)
{
	if (!c)
		return;
	free(c->places);
	free(c);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static uint32_t hash(const struct conversations *c, const struct conversation *key)
{
	uint64_t h = c->seed, word;
	size_t i;

	for (i = 0; i < 16; i += sizeof(word)) {
		memcpy(&word, key->lower + i, sizeof(word));
		h = mix(h, word);
		memcpy(&word, key->upper + i, sizeof(word));
		h = mix(h, word);
	}
	return (uint32_t)mix(h, (uint64_t)key->lower_port << 16 | key->upper_port);
}

static bool same(const struct conversation *a, const struct conversation *b)
{
	return a->family == b->family && a->lower_port == b->lower_port && a->upper_port == b->upper_port &&
	       !memcmp(a->lower, b->lower, 16) && !memcmp(a->upper, b->upper, 16);
}

/* The place that holds key, or the free one where it belongs. */
static struct conversation *place(const struct conversations *c, const struct conversation *key)
{
	uint32_t i = hash(c, key);

	while (c->places[i & (c->size - 1)].family && !same(&c->places[i & (c->size - 1)], key))
		i++;
	return &c->places[i & (c->size - 1)];
}

/* Makes room for one more; false when there is none. */
static bool grow(struct conversations *c)
{
	struct conversations bigger = *c;
	uint32_t i;

	if (c->n < c->size / 2)
		return true;
	if (c->n >= CONVERSATIONS_MAX) {
		memset(c->places, 0, c->size * sizeof(*c->places));
		c->n = 0;
		return true;
	}
	bigger.size = c->size * 2;
	bigger.places = calloc(bigger.size, sizeof(*bigger.places));
	if (!bigger.places)
		return false;
	for (i = 0; i < c->size; i++) {
		if (c->places[i].family)
			*place(&bigger, &c->places[i]) = c->places[i];
	}
	free(c->places);
	*c = bigger;
	return true;
}

struct conversation_base conversations_base(struct conversations *c, const struct endpoint *src,
					    const struct endpoint *dst, bool syn, uint32_t seq, uint32_t ack)
{
	bool swap = src->port > dst->port ||
		    (src->port == dst->port && memcmp(src->addr.b, dst->addr.b, sizeof(src->addr.b)) > 0);
	const struct endpoint *lower = swap ? dst : src, *upper = swap ? src : dst;
	struct conversation key = { .lower_port = lower->port, .upper_port = upper->port, .family = src->addr.family };
	struct conversation *found;
	bool known;

	memcpy(key.lower, lower->addr.b, sizeof(key.lower));
	memcpy(key.upper, upper->addr.b, sizeof(key.upper));
	if (!grow(c))
		return (struct conversation_base){ 0 };
	found = place(c, &key);
	known = found->family && !syn;
	if (!known) {
		key.lower_seq = swap ? ack - 1 : seq;
		key.upper_seq = swap ? seq : ack - 1;
		c->n += !found->family;
		*found = key;
	}
	return (struct conversation_base){ .seq = swap ? found->upper_seq : found->lower_seq,
					   .ack = swap ? found->lower_seq : found->upper_seq,
					   .known = known };
}
