/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries lie in an array without gaps, new ones at its end; the index, open
 * addressing at half load, holds their numbers.  A slot has 16 bits of the hash
 * too, so that a key that is not there is known so without a look at an entry.
 *
 * Once keys were dropped there are more than the table can hold, and in a flood
 * most come once.  From then on a key is let in when it comes again: a set of
 * bits remembers those that came (Einziger, Friedman and Manes 2017 call it a
 * doorkeeper).  It is emptied when it is too full to tell, and its hash has no
 * seed, so that what it lets in depends on the keys alone.
 */
#include "core/top.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/top_key.h"

#define TOP_RECENT 16
#define TOP_SOON 16 /* a power of two */

/* An attempt that is to be counted when the bits that it needs have come from memory. */
struct soon {
	struct addr addr;
	uint16_t port, tag;
	enum outcome outcome;
	bool half_open;
	int64_t start_ns;
	size_t bit;
};

struct top {
	size_t max, n, n_slots;
	uint64_t seed;
	uint32_t dropped; /* the most weight that a key which is not there may have had */
	uint32_t *slots;  /* 16 bits of hash, 16 of entry + 1; 0: free */
	uint64_t *came;	  /* once keys were dropped: bits of those that came since */
	size_t n_bits;	  /* of it: a power of two */
	size_t n_came;
	uint32_t came_weight;	    /* the most that one of them had */
	struct soon soon[TOP_SOON]; /* the first is at first_soon % TOP_SOON */
	size_t first_soon, n_soon;
	uint16_t recent[TOP_RECENT];
	uint32_t *credits;
	struct top_entry *entries;
};

#define CAME_BITS 64 /* a key, at least; when an eighth of them is set it is emptied */

static size_t power_of_two(size_t least)
{
	size_t n = 16;

	while (n < least)
		n *= 2;
	return n;
}

static size_t slots_for(size_t max)
{
	return power_of_two(2 * max);
}

static size_t bits_for(size_t max)
{
	return power_of_two(max * CAME_BITS);
}

size_t top_memory(size_t max)
{
	return sizeof(struct top) + max * (sizeof(struct top_entry) + sizeof(uint32_t)) +
	       slots_for(max) * sizeof(uint32_t) + bits_for(max) / 8;
}

struct top *top_new(size_t max, uint64_t seed)
{
	struct top *t = calloc(1, sizeof(*t));

	assert(max >= 1 && max <= TOP_MAX);
	if (!t)
		return NULL;
	t->max = max;
	t->seed = seed;
	t->n_slots = slots_for(max);
	t->slots = calloc(t->n_slots, sizeof(*t->slots));
	t->credits = malloc(max * sizeof(*t->credits));
	t->entries = malloc(max * sizeof(*t->entries));
	t->n_bits = bits_for(max);
	t->came = calloc(t->n_bits / 64, sizeof(*t->came));
	if (!t->slots || !t->credits || !t->entries || !t->came) {
		top_free(t);
		return NULL;
	}
	return t;
}

void top_free(struct top *t)
{
	if (!t)
		return;
	free(t->slots);
	free(t->credits);
	free(t->entries);
	free(t->came);
	free(t);
}

static uint32_t hash_of(const struct top *t, const struct addr *addr, uint16_t port, uint16_t tag)
{
	return top_hash(t->seed, addr, port, tag);
}

static uint32_t key_hash(const struct top *t, const struct top_key *k)
{
	return hash_of(t, &k->addr, k->port, k->tag);
}

/* The slot of a key, or the free one where it belongs. */
static inline uint32_t *slot_of(const struct top *t, const struct addr *addr, uint16_t port, uint16_t tag,
				uint32_t hash)
{
	size_t at = hash & (t->n_slots - 1);

	for (; t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
		if (t->slots[at] >> 16 != hash >> 16)
			continue;
		if (top_is_key(&t->entries[(t->slots[at] & 0xffff) - 1].key, addr, port, tag))
			break;
	}
	return &t->slots[at];
}

static void fill_slot(uint32_t *slot, uint32_t hash, size_t i)
{
	*slot = (hash & 0xffff0000) | (uint32_t)(i + 1);
}

/* The k-th lowest credit, k from 0; by counting, a byte at a time, from the highest that any of them uses. */
static uint32_t kth_credit(const struct top *t, size_t k)
{
	uint32_t found = 0, mask = 0, any = 0, b;
	size_t bins[256], i;
	int shift = 24;

	for (i = 0; i < t->n; i++)
		any |= t->credits[i];
	while (shift && !(any >> shift))
		shift -= 8;
	for (; shift >= 0; shift -= 8) {
		memset(bins, 0, sizeof(bins));
		for (i = 0; i < t->n; i++)
			if ((t->credits[i] & mask) == found)
				bins[t->credits[i] >> shift & 0xff]++;
		for (b = 0; k >= bins[b]; b++)
			k -= bins[b];
		found |= b << shift;
		mask |= (uint32_t)0xff << shift;
	}
	return found;
}

static size_t came_bit(const struct top *t, const struct addr *addr, uint16_t port, uint16_t tag)
{
	return top_hash(0, addr, port, tag) & (t->n_bits - 1);
}

static void set_came(struct top *t, size_t bit)
{
	t->came[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* Empties it, but for the keys that are there: so one that did not come is known not to be there. */
static __attribute__((noinline)) void open_door(struct top *t)
{
	const struct top_key *k;
	size_t i;

	memset(t->came, 0, t->n_bits / 8);
	for (i = 0; i < t->n; i++) {
		k = &t->entries[i].key;
		set_came(t, came_bit(t, &k->addr, k->port, k->tag));
	}
	t->n_came = 0;
	t->came_weight = 0;
}

static void prune(struct top *t)
{
	uint32_t least = kth_credit(t, (t->n - 1) / 2), hash;
	const struct top_key *key;
	size_t i, kept = 0;

	memset(t->slots, 0, t->n_slots * sizeof(*t->slots));
	for (i = 0; i < t->n; i++) {
		if (t->credits[i] <= least)
			continue;
		t->credits[kept] = t->credits[i] - least;
		if (kept != i)
			t->entries[kept] = t->entries[i];
		key = &t->entries[kept].key;
		hash = key_hash(t, key);
		fill_slot(slot_of(t, &key->addr, key->port, key->tag, hash), hash, kept);
		kept++;
	}
	t->n = kept;
	t->dropped = tally_sum(t->dropped, least);
	open_door(t);
}

/* A new entry, all zero but its key.  Apart from its caller, which is mostly done without it. */
static __attribute__((noinline)) size_t enter(struct top *t, const struct addr *addr, uint16_t port, uint16_t tag,
					      uint32_t hash, uint32_t *slot)
{
	struct top_entry *e;

	if (t->n == t->max) {
		prune(t);
		slot = slot_of(t, addr, port, tag, hash);
	}
	if (t->dropped)
		set_came(t, came_bit(t, addr, port, tag));
	fill_slot(slot, hash, t->n);
	t->credits[t->n] = 0;
	e = &t->entries[t->n];
	*e = (struct top_entry){ .missing = t->dropped, .first_failure_ns = INT64_MAX, .last_failure_ns = INT64_MIN };
	e->key.addr = *addr;
	e->key.port = port;
	e->key.tag = tag;
	return t->n++;
}

/* Whether the key is there, or may come in.  What it had when it was not let in is missing from then on. */
static inline bool is_let_in(struct top *t, size_t bit, uint32_t weight)
{
	uint64_t mask = UINT64_C(1) << bit % 64;

	if (t->came[bit / 64] & mask)
		return true;
	if (t->n_came++ == t->n_bits / 8)
		open_door(t);
	t->came[bit / 64] |= mask;
	if (weight > t->came_weight) {
		t->dropped = tally_sum(t->dropped, weight - t->came_weight);
		t->came_weight = weight;
	}
	return false;
}

/* The number of the key's entry, a new one when there was none. */
static size_t take(struct top *t, const struct addr *addr, uint16_t port, uint16_t tag)
{
	uint32_t hash = hash_of(t, addr, port, tag), *slot = slot_of(t, addr, port, tag, hash);

	return *slot ? (*slot & 0xffff) - 1 : enter(t, addr, port, tag, hash, slot);
}

/* The entry that was met last among those whose keys look alike from afar; it may be any other by now. */
static inline uint16_t *recent_of(struct top *t, const struct addr *addr, uint16_t port, uint16_t tag)
{
	return &t->recent[(addr->b[3] ^ addr->b[15] ^ port ^ tag) % TOP_RECENT];
}

static inline size_t find_recent(struct top *t, const struct addr *addr, uint16_t port, uint16_t tag)
{
	uint16_t recent = *recent_of(t, addr, port, tag);

	return recent < t->n && top_is_key(&t->entries[recent].key, addr, port, tag) ? recent : SIZE_MAX;
}

static __attribute__((noinline)) size_t find(struct top *t, const struct addr *addr, uint16_t port, uint16_t tag)
{
	size_t i = take(t, addr, port, tag);

	*recent_of(t, addr, port, tag) = (uint16_t)i;
	return i;
}

static inline void count(struct top *t, size_t i, enum outcome o, bool half_open, int64_t start_ns)
{
	struct top_entry *e = &t->entries[i];
	bool failed = tally_outcome_failed(o);

	if (failed) {
		if (start_ns < e->first_failure_ns)
			e->first_failure_ns = start_ns;
		if (start_ns > e->last_failure_ns)
			e->last_failure_ns = start_ns;
	}
	t->credits[i] = tally_sum(t->credits[i], failed ? TOP_WEIGHT_FAILED : 1);
	tally_count(&e->tally, o, half_open);
}

static __attribute__((noinline)) void count_let_in(struct top *t, const struct soon *s)
{
	size_t i = find_recent(t, &s->addr, s->port, s->tag);

	if (i == SIZE_MAX)
		i = find(t, &s->addr, s->port, s->tag);
	count(t, i, s->outcome, s->half_open, s->start_ns);
}

/* Most of a flood come once, and no more than a bit of them is looked at and kept. */
static inline void count_soon(struct top *t, const struct soon *s)
{
	if (is_let_in(t, s->bit, tally_outcome_failed(s->outcome) ? TOP_WEIGHT_FAILED : 1))
		count_let_in(t, s);
}

void top_settle(struct top *t)
{
	for (; t->n_soon; t->n_soon--)
		count_soon(t, &t->soon[t->first_soon++ % TOP_SOON]);
}

static void feed_later(struct top *t, const struct addr *addr, uint16_t port, uint16_t tag, const struct digest *d)
{
	struct soon *s = &t->soon[t->first_soon % TOP_SOON]; /* of a full ring the first, where the last comes */

	if (t->n_soon < TOP_SOON) {
		s = &t->soon[(t->first_soon + t->n_soon++) % TOP_SOON];
	} else {
		count_soon(t, s);
		t->first_soon++;
	}
	s->bit = came_bit(t, addr, port, tag);
	__builtin_prefetch(&t->came[s->bit / 64], 1);
	s->addr = *addr;
	s->port = port;
	s->tag = tag;
	s->outcome = tally_outcome(d);
	s->half_open = d->half_open;
	s->start_ns = d->start_ns;
}

void top_feed(struct top *t, const struct addr *addr, uint16_t port, uint16_t tag, const struct digest *d)
{
	size_t i;

	if (t->dropped) {
		feed_later(t, addr, port, tag, d);
		return;
	}
	i = find_recent(t, addr, port, tag);
	if (i == SIZE_MAX)
		i = find(t, addr, port, tag);
	count(t, i, tally_outcome(d), d->half_open, d->start_ns);
}

static void merge_entry(struct top_entry *into, const struct top_entry *from)
{
	if (from->first_failure_ns < into->first_failure_ns)
		into->first_failure_ns = from->first_failure_ns;
	if (from->last_failure_ns > into->last_failure_ns)
		into->last_failure_ns = from->last_failure_ns;
	tally_merge(&into->tally, &from->tally);
}

/* What `from` may have dropped of a key is added to all at first, and taken from those that it knows better. */
void top_merge(struct top *into, const struct top *from)
{
	size_t i, at, n = into->n;

	for (i = 0; i < n; i++)
		into->entries[i].missing = tally_sum(into->entries[i].missing, from->dropped);
	into->dropped = tally_sum(into->dropped, from->dropped);
	for (i = 0; i < from->n; i++) {
		const struct top_entry *e = &from->entries[i];

		at = take(into, &e->key.addr, e->key.port, e->key.tag);
		into->entries[at].missing = tally_sum(into->entries[at].missing - from->dropped, e->missing);
		into->credits[at] = tally_sum(into->credits[at], from->credits[i]);
		merge_entry(&into->entries[at], e);
	}
	if (into->dropped)
		open_door(into);
}

size_t top_n(const struct top *t)
{
	return t->n;
}

const struct top_entry *top_get(const struct top *t, size_t i)
{
	return &t->entries[i];
}

bool top_pruned(const struct top *t)
{
	return t->dropped > 0;
}

uint64_t top_missing_failures(const struct top *t)
{
	return t->dropped / TOP_WEIGHT_FAILED;
}
