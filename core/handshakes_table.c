/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/flow_hash.h"
#include "core/handshakes_table.h"

#define PLACES_FIRST 1024

static uint32_t *pool_link(const struct pool *p, uint32_t i)
{
	return (uint32_t *)(void *)(p->items + i * p->size + p->link);
}

static bool pool_grow(struct pool *p)
{
	uint32_t cap = p->cap ? p->cap + p->cap / 2 : 64;
	uint8_t *items = realloc(p->items, cap * p->size);

	if (!items)
		return false;
	p->items = items;
	p->cap = cap;
	return true;
}

uint32_t pool_take(struct handshakes *h, struct pool *p)
{
	uint32_t i = p->free_first;

	if (i) {
		p->free_first = *pool_link(p, i);
	} else {
		if (!p->n)
			p->n = 1;
		if (p->n >= p->cap && !pool_grow(p))
			return 0;
		i = p->n++;
		h->memory += p->size;
	}
	return i;
}

/* The one that was freed last is the first to be used again: it is in the processor's cache still. */
void pool_give_back(struct pool *p, uint32_t i)
{
	*pool_link(p, i) = p->free_first;
	p->free_first = i;
}

bool entries_init(struct handshakes *h)
{
	h->entries = (struct pool){ .size = sizeof(struct entry), .link = offsetof(struct entry, queue) };
	h->chunks = (struct pool){ .size = sizeof(struct chunk), .link = offsetof(struct chunk, next_used) };
	h->addresses = (struct pool){ .size = sizeof(struct addresses), .link = 0 };
	h->n_places = PLACES_FIRST;
	h->places = calloc(h->n_places, sizeof(*h->places));
	h->awaited = calloc(1, HANDSHAKES_AWAITED);
	h->memory = sizeof(*h) + HANDSHAKES_AWAITED + h->n_places * sizeof(*h->places);
	return h->places && h->awaited;
}

void entries_fini(struct handshakes *h)
{
	free(h->entries.items);
	free(h->chunks.items);
	free(h->addresses.items);
	free(h->places);
	free(h->awaited);
}

static uint16_t port_be(uint16_t port)
{
	const uint8_t b[2] = { (uint8_t)(port >> 8), (uint8_t)port };
	uint16_t be;

	memcpy(&be, b, sizeof(be));
	return be;
}

static uint64_t hash_end(uint64_t seed, int family, const uint8_t *addr, uint16_t port)
{
	return family == 4 ? flow_hash_end4(seed, addr, port_be(port)) : flow_hash_end6(seed, addr, port_be(port));
}

void sighting_set_hash(struct sighting *s, uint64_t seed)
{
	s->flow_hash =
		flow_hash(hash_end(seed, s->family, s->src, s->sport), hash_end(seed, s->family, s->dst, s->dport));
}

uint32_t entry_hash(const struct handshakes *h, const struct entry *e)
{
	const struct addresses *a;
	uint8_t src[4], dst[4];

	if (e->flags & ENTRY_V6) {
		a = pool_at(&h->addresses, e->src);
		return flow_hash(hash_end(h->config.seed, 6, a->src, e->sport),
				 hash_end(h->config.seed, 6, a->dst, e->dport));
	}
	memcpy(src, &e->src, sizeof(src));
	memcpy(dst, &e->dst, sizeof(dst));
	return flow_hash(hash_end(h->config.seed, 4, src, e->sport), hash_end(h->config.seed, 4, dst, e->dport));
}

static bool same_addresses(const struct handshakes *h, const struct entry *e, const struct sighting *s,
			   const uint8_t *client, const uint8_t *server)
{
	const struct addresses *a;

	if (!(e->flags & ENTRY_V6))
		return s->family == 4 && !memcmp(&e->src, client, 4) && !memcmp(&e->dst, server, 4);
	a = pool_at(&h->addresses, e->src);
	return s->family == 6 && !memcmp(a->src, client, 16) && !memcmp(a->dst, server, 16);
}

bool entry_is_from(const struct handshakes *h, const struct entry *e, const struct sighting *s)
{
	return e->sport == s->sport && e->dport == s->dport && same_addresses(h, e, s, s->src, s->dst);
}

bool entry_is_to(const struct handshakes *h, const struct entry *e, const struct sighting *s)
{
	return e->sport == s->dport && e->dport == s->sport && same_addresses(h, e, s, s->dst, s->src);
}

static void put(uint32_t *places, uint32_t n, uint32_t hash, uint32_t index)
{
	uint32_t at = hash & (n - 1), away = 0;

	for (; places[at]; away++)
		at = (at + 1) & (n - 1);
	if (away > PLACE_FAR)
		away = PLACE_FAR;
	places[at] = hash >> PLACE_TAG_SHIFT << PLACE_TAG_SHIFT | away << PLACE_AWAY_SHIFT | index;
}

/* Entries that are in use have a number. */
static bool rehash(struct handshakes *h)
{
	uint32_t n = h->n_places * 2, *places = calloc(n, sizeof(*places)), i;

	if (!places)
		return false;
	for (i = 1; i < h->entries.n; i++)
		if (entry_at(h, i)->number)
			put(places, n, entry_hash(h, entry_at(h, i)), i);
	free(h->places);
	h->places = places;
	h->memory += (n - h->n_places) * sizeof(*places);
	h->n_places = n;
	return true;
}

static bool is_crowded(const struct handshakes *h)
{
	return h->n_entries >= h->n_places / 2;
}

/* Another place may be taken: while the table is half empty, or by making it larger. */
static bool have_place(struct handshakes *h)
{
	if (!is_crowded(h))
		return true;
	return h->entries.n <= PLACE_INDEX / 2 && h->memory + h->n_places * sizeof(*h->places) <= h->config.memory &&
	       rehash(h);
}

/* What the table would have to grow by, to take a sighting. */
static size_t wanted(const struct handshakes *h)
{
	return (h->entries.free_first ? 0 : h->entries.size) + (is_crowded(h) ? h->n_places * sizeof(*h->places) : 0) +
	       (h->chunks.free_first ? 0 : h->chunks.size) + (h->addresses.free_first ? 0 : h->addresses.size);
}

#define GIVES_MAX 64

void entries_make_room(struct handshakes *h)
{
	int i;

	for (i = 0; i < GIVES_MAX && h->memory + wanted(h) > h->config.memory; i++)
		if (!queues_give_one(h))
			return;
}

bool entries_may_grow(const struct handshakes *h, const struct pool *p)
{
	return p->free_first || h->memory + p->size <= h->config.memory;
}

static bool store_addresses(struct handshakes *h, struct entry *e, const struct sighting *s)
{
	struct addresses *a;
	uint32_t i;

	if (s->family == 4) {
		memcpy(&e->src, s->src, sizeof(e->src));
		memcpy(&e->dst, s->dst, sizeof(e->dst));
		return true;
	}
	i = entries_may_grow(h, &h->addresses) ? pool_take(h, &h->addresses) : 0;
	if (!i)
		return false;
	a = pool_at(&h->addresses, i);
	memcpy(a->src, s->src, sizeof(a->src));
	memcpy(a->dst, s->dst, sizeof(a->dst));
	e->src = i;
	e->flags = ENTRY_V6;
	return true;
}

struct entry *entries_start(struct handshakes *h, const struct sighting *s, uint32_t hash)
{
	struct entry *e;
	uint32_t i = have_place(h) && entries_may_grow(h, &h->entries) ? pool_take(h, &h->entries) : 0;

	if (!i)
		return NULL;
	e = entry_at(h, i);
	*e = (struct entry){ .start_ns = s->t_ns,
			     .sport = s->sport,
			     .dport = s->dport,
			     .isn = s->seq,
			     .packet_low = (uint32_t)s->packet,
			     .packet_high = (uint8_t)(s->packet >> 32),
			     .mark = (uint16_t)s->mark,
			     .path = s->path,
			     .file = s->file < UINT16_MAX ? (uint16_t)s->file : UINT16_MAX,
			     .ttl = s->ttl,
			     .n_syns = 1 };
	if (!store_addresses(h, e, s)) {
		pool_give_back(&h->entries, i);
		return NULL;
	}
	e->number = (uint32_t)++h->counts.attempts;
	put(h->places, h->n_places, hash, i);
	h->n_entries++;
	return e;
}

/* How far what is at that place is from where its hash says. */
static uint32_t away(const struct handshakes *h, uint32_t at)
{
	uint32_t far = h->places[at] >> PLACE_AWAY_SHIFT & PLACE_FAR;

	if (far < PLACE_FAR)
		return far;
	return (at - entry_hash(h, entry_at(h, h->places[at] & PLACE_INDEX))) & (h->n_places - 1);
}

/* Those behind it move up, each as far as its hash allows, so that none is cut off (Knuth, 6.4, algorithm R). */
static void free_place(struct handshakes *h, uint32_t hash, uint32_t index)
{
	uint32_t mask = h->n_places - 1, hole = hash & mask, i, from, by;

	while ((h->places[hole] & PLACE_INDEX) != index)
		hole = (hole + 1) & mask;
	for (i = (hole + 1) & mask; h->places[i]; i = (i + 1) & mask) {
		from = away(h, i);
		by = (i - hole) & mask;
		if (from < by)
			continue; /* where it should be lies behind the hole */
		from -= by;
		if (from > PLACE_FAR)
			from = PLACE_FAR;
		h->places[hole] = (h->places[i] & ~(PLACE_FAR << PLACE_AWAY_SHIFT)) | from << PLACE_AWAY_SHIFT;
		hole = i;
	}
	h->places[hole] = 0;
}

static void await_no_more(struct handshakes *h, struct entry *e, uint32_t hash)
{
	uint8_t *count = &h->awaited[hash % HANDSHAKES_AWAITED];

	if (!(e->flags & ENTRY_AWAITS))
		return;
	e->flags &= (uint16_t)~ENTRY_AWAITS;
	if (*count < UINT8_MAX)
		--*count;
}

void entries_drop(struct handshakes *h, struct entry *e, uint32_t hash)
{
	uint32_t i = entry_index(h, e);

	free_place(h, hash, i);
	await_no_more(h, e, hash);
	if (e->notes)
		notes_free(h, e);
	if (e->flags & ENTRY_V6)
		pool_give_back(&h->addresses, e->src);
	e->number = 0;
	pool_give_back(&h->entries, i);
	h->n_entries--;
}

/* A counter that has come to its end stays there: what it lets through is looked up all the same. */
void entries_await(struct handshakes *h, struct entry *e, uint32_t hash)
{
	uint8_t *count = &h->awaited[hash % HANDSHAKES_AWAITED];

	e->flags |= ENTRY_AWAITS;
	if (*count < UINT8_MAX)
		++*count;
}

void entries_await_no_more(struct handshakes *h, struct entry *e)
{
	if (e->flags & ENTRY_AWAITS)
		await_no_more(h, e, entry_hash(h, e));
}
