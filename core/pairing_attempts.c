/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/pairing_inside.h"

#define FLOWS_FIRST 1024
#define EARLIER_MAX 16	   /* attempts of a place that are looked at */
#define COMPARING_BYTES 64 /* for each attempt, when the sides are compared */
#define FIT_MAX 65535	   /* a SYN's data, which an answer may acknowledge too */

static bool pool_init(struct side_pool *p, size_t size)
{
	p->size = size;
	p->cap = 64;
	p->items = calloc(p->cap, size);
	p->n = 1;
	return p->items != NULL;
}

static size_t bytes_of(const struct side_pool *p)
{
	return p->n * p->size;
}

size_t pairing_side_memory(const struct pairing_side *s)
{
	return bytes_of(&s->attempts) + bytes_of(&s->packets) + bytes_of(&s->addresses) + bytes_of(&s->by_number) +
	       s->n_flows * sizeof(*s->flows) + s->attempts.n * (size_t)COMPARING_BYTES;
}

/* An empty item's index, or 0 when there is no memory. */
uint32_t side_take(struct pairing_side *s, struct side_pool *p)
{
	uint8_t *items;

	if (p->n == p->cap) {
		items = p->cap > UINT32_MAX / 2 ? NULL : realloc(p->items, 2 * p->cap * p->size);
		if (!items)
			return 0;
		p->items = items;
		p->cap *= 2;
	}
	if (pairing_side_memory(s) + p->size > s->limit)
		return 0;
	memset(p->items + p->n * p->size, 0, p->size);
	return p->n++;
}

struct pairing_side *pairing_side_new(size_t memory)
{
	struct pairing_side *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->limit = memory;
	s->n_flows = FLOWS_FIRST;
	s->flows = calloc(s->n_flows, sizeof(*s->flows));
	if (!s->flows || !pool_init(&s->attempts, sizeof(struct side_attempt)) ||
	    !pool_init(&s->packets, sizeof(struct side_packet)) || !pool_init(&s->addresses, 32) ||
	    !pool_init(&s->by_number, sizeof(uint32_t))) {
		pairing_side_free(s);
		return NULL;
	}
	return s;
}

void pairing_side_free(struct pairing_side *s)
{
	if (!s)
		return;
	free(s->attempts.items);
	free(s->packets.items);
	free(s->addresses.items);
	free(s->by_number.items);
	free(s->flows);
	free(s);
}

const uint8_t *side_addresses(const struct pairing_side *s, uint32_t i)
{
	return s->addresses.items + i * s->addresses.size;
}

void side_flow(const struct pairing_side *s, const struct side_attempt *a, struct flow *ret)
{
	bool v6 = a->flags & ATTEMPT_V6;
	const uint8_t *both = v6 ? side_addresses(s, a->src) : NULL;

	*ret = (struct flow){ .client.port = a->sport, .server.port = a->dport };
	ret->client.addr.family = ret->server.addr.family = v6 ? 6 : 4;
	memcpy(ret->client.addr.b, v6 ? both : (const uint8_t *)&a->src, v6 ? 16 : 4);
	memcpy(ret->server.addr.b, v6 ? both + 16 : (const uint8_t *)&a->dst, v6 ? 16 : 4);
}

static bool has_addresses6(const struct pairing_side *s, const struct side_attempt *a, const uint8_t client[16],
			   const uint8_t server[16])
{
	const uint8_t *both = side_addresses(s, a->src);

	return !memcmp(both, client, 16) && !memcmp(both + 16, server, 16);
}

static bool is_of(const struct side_attempt *a, const struct sighting *p)
{
	return a->flow_hash == p->flow_hash && !(a->flags & ATTEMPT_V6) == (p->family != 6);
}

bool side_is_from_client(const struct pairing_side *s, const struct side_attempt *a, const struct sighting *p)
{
	if (a->sport != p->sport || a->dport != p->dport || !is_of(a, p))
		return false;
	return a->flags & ATTEMPT_V6 ? has_addresses6(s, a, p->src, p->dst) : a->src == p->src4 && a->dst == p->dst4;
}

bool side_is_from_server(const struct pairing_side *s, const struct side_attempt *a, const struct sighting *p)
{
	if (a->sport != p->dport || a->dport != p->sport || !is_of(a, p))
		return false;
	return a->flags & ATTEMPT_V6 ? has_addresses6(s, a, p->dst, p->src) : a->src == p->dst4 && a->dst == p->src4;
}

static void link_flow(struct pairing_side *s, uint32_t i)
{
	struct side_attempt *a = side_attempt(s, i);
	uint32_t *place = &s->flows[a->flow_hash & (s->n_flows - 1)];

	a->earlier = *place;
	*place = i;
}

/* What cannot grow gets slower. */
static void grow_flows(struct pairing_side *s)
{
	uint32_t *flows, i;

	if (s->attempts.n <= s->n_flows || s->n_flows > UINT32_MAX / 2)
		return;
	flows = calloc(2 * (size_t)s->n_flows, sizeof(*flows));
	if (!flows)
		return;
	free(s->flows);
	s->flows = flows;
	s->n_flows *= 2;
	for (i = 1; i < s->attempts.n; i++)
		link_flow(s, i);
}

uint32_t side_take_addresses(struct pairing_side *s, const uint8_t one[16], const uint8_t other[16])
{
	uint32_t i = s->addresses.n - 1;
	uint8_t *at = s->addresses.items + i * s->addresses.size;

	if (i && !memcmp(at, one, 16) && !memcmp(at + 16, other, 16))
		return i;
	i = side_take(s, &s->addresses);
	if (!i)
		return 0;
	at = s->addresses.items + i * s->addresses.size;
	memcpy(at, one, 16);
	memcpy(at + 16, other, 16);
	return i;
}

/* 0 when there is no memory. */
static uint32_t start(struct pairing_side *s, const struct sighting *p, bool by_answer)
{
	uint32_t both = 0, i;
	struct side_attempt *a;

	if (p->family == 6)
		both = side_take_addresses(s, by_answer ? p->dst : p->src, by_answer ? p->src : p->dst);
	if (p->family == 6 && !both)
		return 0;
	i = side_take(s, &s->attempts);
	if (!i)
		return 0;
	a = side_attempt(s, i);
	a->sport = by_answer ? p->dport : p->sport;
	a->dport = by_answer ? p->sport : p->dport;
	a->isn = by_answer ? p->ack - 1 : p->seq;
	a->flow_hash = p->flow_hash;
	a->flags = both ? ATTEMPT_V6 : 0;
	a->src = both ? both : by_answer ? p->dst4 : p->src4;
	a->dst = both ? 0 : by_answer ? p->src4 : p->dst4;
	link_flow(s, i);
	grow_flows(s);
	s->counts.attempts++;
	s->counts.answers += by_answer;
	return i;
}

bool side_fits(const struct side_attempt *a, uint32_t ack)
{
	return ack - (a->isn + 1) <= FIT_MAX;
}

/* The latest of its flow: of a SYN that with its ISN, of an answer that which it acknowledges. */
static uint32_t find(const struct pairing_side *s, const struct sighting *p)
{
	bool syn = side_is_syn(p), quoted = p->kind == SIGHTING_ICMP, syn_ack = side_is_syn_ack(p);
	uint32_t i = s->flows[p->flow_hash & (s->n_flows - 1)];
	const struct side_attempt *a;
	int n;

	for (n = 0; i && n < EARLIER_MAX; i = a->earlier, n++) {
		a = side_attempt(s, i);
		if ((syn || (quoted && p->has_seq)) && side_is_from_client(s, a, p) && a->isn == p->seq)
			return i;
		if (syn_ack && side_is_from_server(s, a, p) && side_fits(a, p->ack))
			return i;
		if (!syn && !syn_ack && !quoted && (side_is_from_client(s, a, p) || side_is_from_server(s, a, p)))
			return i;
	}
	return 0;
}

static bool note_number(struct pairing_side *s, uint32_t number, uint32_t i)
{
	while (s->by_number.n <= number)
		if (!side_take(s, &s->by_number))
			return false;
	memcpy(s->by_number.items + number * sizeof(i), &i, sizeof(i));
	if (!side_attempt(s, i)->number)
		side_attempt(s, i)->number = number;
	return true;
}

uint32_t side_numbered(const struct pairing_side *s, uint32_t number)
{
	uint32_t i = 0;

	if (number && number < s->by_number.n)
		memcpy(&i, s->by_number.items + number * sizeof(i), sizeof(i));
	return i;
}

uint32_t side_attempt_of(struct pairing_side *s, const struct sighting *p, bool *ret_full)
{
	uint32_t i = side_numbered(s, p->attempt);

	if (!i)
		i = find(s, p);
	if (!i && (side_is_syn(p) || (side_is_syn_ack(p) && !p->attempt))) {
		i = start(s, p, !side_is_syn(p));
		*ret_full = !i;
	}
	if (i && side_is_syn(p) && p->attempt && !side_numbered(s, p->attempt) && !note_number(s, p->attempt, i)) {
		*ret_full = true;
		return 0;
	}
	return i;
}
