/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_HANDSHAKES_QUEUES_H
#define SYNSENT_CORE_HANDSHAKES_QUEUES_H

#include "core/handshakes_table.h"

/* What is shared by the queues and by what empties them.  Private to core/handshakes_queues.c and _give.c. */

#define LEAVE_AT_ONCE 16

static inline uint32_t *ring_at(const struct ring *r, uint32_t i)
{
	uint32_t at = r->first + i;

	return &r->items[at < r->size ? at : at - r->size];
}

static inline void ring_put(struct ring *r, uint32_t index)
{
	*ring_at(r, r->n++) = index;
}

/* It comes soon: what lies that far behind the first is fetched. */
#define AHEAD (2 * LEAVE_AT_ONCE)

static inline void ring_skip(struct ring *r, uint32_t n)
{
	r->first += n;
	if (r->first >= r->size)
		r->first -= r->size;
	r->n -= n;
}

static inline struct entry *ring_take(struct handshakes *h, struct ring *r)
{
	struct entry *e;

	if (!r->n)
		return NULL;
	if (r->n > AHEAD)
		__builtin_prefetch(entry_at(h, *ring_at(r, AHEAD)), 1);
	e = entry_at(h, *ring_at(r, 0));
	ring_skip(r, 1);
	return e;
}

/* It will be dropped soon, and is here. */
static inline void expect_drop(const struct handshakes *h, const struct entry *e)
{
	__builtin_prefetch(&h->places[e->hash & (h->n_places - 1)], 1);
	__builtin_prefetch(&h->awaited[entry_class(h, e)], 1);
	if (e->notes)
		__builtin_prefetch(pool_at(&h->chunks, e->notes));
}

static inline void give(struct handshakes *h, struct entry *e)
{
	entry_tell(h, e, entry_deadline_ns(h, e) <= h->clock_ns);
	entries_drop(h, e);
}

/* core/handshakes_queues.c: the first of the young, or NULL. */
struct entry *queues_take_young(struct handshakes *h);

#endif
