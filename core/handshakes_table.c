/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/flow_hash.h"
#include "core/handshakes_table.h"
#include "util/bigmem.h"

#define PLACES_FIRST 1024
#define LEAST_ITEMS 64
#define CHUNKS_PLAIN (4 * BIGMEM_PLAIN) /* they are used one after the other, so that huge pages gain less */

static bool pool_init(struct pool *p, size_t size, size_t link, size_t memory, size_t plain)
{
	*p = (struct pool){ .size = size, .link = link, .n = 1 };
	/* where an address space is limited, with less */
	for (; memory >= size * LEAST_ITEMS && !p->items; memory /= 2) {
		p->items = bigmem_new(memory / size * size, plain);
		p->cap = (uint32_t)(memory / size);
	}
	return p->items;
}

static void pool_fini(struct pool *p)
{
	bigmem_free(p->items, p->cap * p->size);
}

/*
 * So much of the memory is kept for each kind of item until it is used: what one
 * kind has taken is never of another again, and a flood must not leave nothing.
 */
static size_t kept(size_t share, size_t used)
{
	return used < share ? share - used : 0;
}

static size_t kept_for_others(const struct handshakes *h, const struct pool *p)
{
	size_t m = h->config.memory, n = 0;

	if (p != &h->entries)
		n += kept(m / 2, h->entries.n * h->entries.size + h->n_places * sizeof(*h->places));
	if (p != &h->chunks)
		n += kept(m / 8, h->chunks.n * h->chunks.size);
	if (p != &h->addresses)
		n += kept(m / 16, h->addresses.n * h->addresses.size);
	return n;
}

/* An item may be taken, where so much more of the memory is used by it and by what goes with it. */
static bool may_take(const struct handshakes *h, const struct pool *p, size_t more)
{
	return p->free_first || (p->n < p->cap && h->memory + more + kept_for_others(h, p) <= h->config.memory);
}

uint32_t pool_more(struct handshakes *h, struct pool *p)
{
	if (!may_take(h, p, p->size))
		return 0;
	h->memory += p->size;
	return p->n++;
}

bool entries_init(struct handshakes *h)
{
	size_t memory = h->config.memory;

	h->n_places = PLACES_FIRST;
	h->places = bigmem_new(h->n_places * sizeof(*h->places), BIGMEM_PLAIN);
	h->awaited = h->config.awaited ? h->config.awaited : calloc(1, FLOW_CLASSES);
	h->memory = sizeof(*h) + FLOW_CLASSES + h->n_places * sizeof(*h->places);
	return h->places && h->awaited &&
	       pool_init(&h->entries, sizeof(struct entry), offsetof(struct entry, queue), memory, BIGMEM_PLAIN) &&
	       pool_init(&h->chunks, sizeof(struct chunk), offsetof(struct chunk, next_used), memory, CHUNKS_PLAIN) &&
	       pool_init(&h->addresses, sizeof(struct addresses), 0, memory, BIGMEM_PLAIN);
}

void entries_fini(struct handshakes *h)
{
	pool_fini(&h->entries);
	pool_fini(&h->chunks);
	pool_fini(&h->addresses);
	bigmem_free(h->places, h->n_places * sizeof(*h->places));
	if (h->awaited != h->config.awaited)
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
	if (s->family == 4) {
		memcpy(&s->src4, s->src, sizeof(s->src4));
		memcpy(&s->dst4, s->dst, sizeof(s->dst4));
	}
	s->flow_hash =
		flow_hash(hash_end(seed, s->family, s->src, s->sport), hash_end(seed, s->family, s->dst, s->dport));
}

static bool has_addresses(const struct handshakes *h, const struct entry *e, const uint8_t *client,
			  const uint8_t *server)
{
	const struct addresses *a = pool_at(&h->addresses, e->src);

	return !memcmp(a->src, client, sizeof(a->src)) && !memcmp(a->dst, server, sizeof(a->dst));
}

bool entry_is_from6(const struct handshakes *h, const struct entry *e, const struct sighting *s)
{
	return s->family == 6 && has_addresses(h, e, s->src, s->dst);
}

bool entry_is_to6(const struct handshakes *h, const struct entry *e, const struct sighting *s)
{
	return s->family == 6 && has_addresses(h, e, s->dst, s->src);
}

static inline void set_place(uint32_t *places, uint32_t n, uint32_t hash, uint32_t index, uint32_t at)
{
	uint32_t away = (at - hash) & (n - 1);

	if (away > PLACE_FAR)
		away = PLACE_FAR;
	places[at] = hash >> PLACE_TAG_SHIFT << PLACE_TAG_SHIFT | away << PLACE_AWAY_SHIFT | index;
}

static void put(uint32_t *places, uint32_t n, uint32_t hash, uint32_t index)
{
	uint32_t at = hash & (n - 1);

	while (places[at])
		at = (at + 1) & (n - 1);
	set_place(places, n, hash, index, at);
}

/* Entries that are in use have a number.  All of the table is looked at, here and there, as soon as there is one. */
static bool rehash(struct handshakes *h)
{
	uint32_t n = h->n_places * 2, *places = bigmem_new(n * sizeof(*places), 0), i;

	if (!places)
		return false;
	for (i = 1; i < h->entries.n; i++)
		if (entry_at(h, i)->number && !(entry_at(h, i)->flags & ENTRY_HIDDEN))
			put(places, n, entry_at(h, i)->hash, i);
	bigmem_free(h->places, h->n_places * sizeof(*places));
	h->places = places;
	h->memory += (n - h->n_places) * sizeof(*places);
	h->n_places = n;
	return true;
}

static bool is_crowded(const struct handshakes *h)
{
	return h->n_entries >= h->n_places / 2;
}

static bool may_make_larger(const struct handshakes *h, size_t more)
{
	return h->entries.n <= PLACE_INDEX / 2 &&
	       h->memory + more + kept_for_others(h, &h->entries) <= h->config.memory;
}

/* For when half of the table is used. */
static bool make_larger(struct handshakes *h)
{
	return may_make_larger(h, h->n_places * sizeof(*h->places)) && rehash(h);
}

/* What the table would have to grow by, to take a sighting. */
static size_t wanted(const struct handshakes *h)
{
	return (h->entries.free_first ? 0 : h->entries.size) + (is_crowded(h) ? h->n_places * sizeof(*h->places) : 0) +
	       (h->chunks.free_first ? 0 : h->chunks.size) + (h->addresses.free_first ? 0 : h->addresses.size);
}

static bool have_room(const struct handshakes *h)
{
	size_t more = wanted(h);

	return (!is_crowded(h) || may_make_larger(h, more)) && may_take(h, &h->entries, more) &&
	       may_take(h, &h->chunks, more) && may_take(h, &h->addresses, more);
}

/* A SYN may have a note of its data, and end another attempt. */
#define CHUNKS_EACH 4

static bool has_spare(const struct handshakes *h, const struct pool *p, size_t n, size_t more)
{
	return p->n + n <= p->cap && h->memory + more + kept_for_others(h, p) <= h->config.memory;
}

/* Whatever is free already is not counted on, nor that the table or the queue does not have to grow meanwhile. */
bool entries_have_room(const struct handshakes *h, size_t n)
{
	size_t more = n * (sizeof(struct entry) + sizeof(struct addresses) + CHUNKS_EACH * sizeof(struct chunk)) +
		      (h->n_places + h->young.size) * sizeof(*h->places);

	return h->n_entries + n < h->n_places / 2 && has_spare(h, &h->entries, n, more) &&
	       has_spare(h, &h->chunks, n * CHUNKS_EACH, more) && has_spare(h, &h->addresses, n, more);
}

/* Of those that are not decided so many may have to go for one sighting. */
#define EVICTED_MAX 64

void entries_make_room(struct handshakes *h)
{
	uint64_t limit = h->counts.evicted + EVICTED_MAX;

	while (!have_room(h) && h->counts.evicted < limit)
		if (!queues_give_one(h))
			return;
}

static bool store_addresses6(struct handshakes *h, struct entry *e, const struct sighting *s)
{
	uint32_t i = pool_take(h, &h->addresses);
	struct addresses *a;

	if (!i)
		return false;
	a = pool_at(&h->addresses, i);
	memcpy(a->src, s->src, sizeof(a->src));
	memcpy(a->dst, s->dst, sizeof(a->dst));
	e->src = i;
	e->flags = ENTRY_V6;
	return true;
}

uint32_t entry_class6(const struct handshakes *h, const struct entry *e)
{
	const struct addresses *a = pool_at(&h->addresses, e->src);
	uint16_t ports = e->sport ^ e->dport;

	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		ports = __builtin_bswap16(ports);
	return flow_class(flow_addresses6(a->src, a->dst), ports);
}

struct entry *entries_start(struct handshakes *h, const struct sighting *s, const struct probe *p)
{
	bool larger = is_crowded(h);
	struct entry *e;
	uint32_t i;

	if (larger && !make_larger(h))
		return NULL;
	i = pool_take(h, &h->entries);
	if (!i)
		return NULL;
	e = entry_at(h, i);
	memcpy(e, s, sizeof(*e));
	e->flags = 0;
	e->queue = e->notes = 0;
	e->n_syns = 1;
	e->n_replies = 0;
	e->has_ts = s->has_ts;
	if (s->family == 6 && !store_addresses6(h, e, s)) {
		e->number = 0;
		pool_give_back(&h->entries, i);
		return NULL;
	}
	if (s->unasked) {
		e->flags |= ENTRY_UNASKED;
		e->number = ++h->n_unasked | NUMBER_UNASKED;
	} else {
		e->number = (uint32_t)++h->counts.attempts;
	}
	if (larger)
		put(h->places, h->n_places, e->hash, i);
	else
		set_place(h->places, h->n_places, e->hash, i, p->at);
	h->n_entries++;
	return e;
}

/* How far what is at that place is from where its hash says. */
static uint32_t away(const struct handshakes *h, uint32_t at)
{
	uint32_t far = h->places[at] >> PLACE_AWAY_SHIFT & PLACE_FAR;

	if (far < PLACE_FAR)
		return far;
	return (at - entry_at(h, h->places[at] & PLACE_INDEX)->hash) & (h->n_places - 1);
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

void entries_hide(struct handshakes *h, struct entry *e)
{
	free_place(h, e->hash, entry_index(h, e));
	e->flags |= ENTRY_HIDDEN;
}

void entries_drop(struct handshakes *h, struct entry *e)
{
	uint32_t i = entry_index(h, e);

	if (!(e->flags & ENTRY_HIDDEN))
		free_place(h, e->hash, i);
	entries_await_no_more(h, e);
	if (e->notes)
		notes_free(h, e);
	if (e->flags & ENTRY_V6)
		pool_give_back(&h->addresses, e->src);
	e->number = 0;
	pool_give_back(&h->entries, i);
	h->n_entries--;
}
