/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives attempts whether they are decided or not: for their memory, and at the end. */
#include "core/handshakes_queues.h"

#include <stdlib.h>

static struct entry *first_of_wheel(struct handshakes *h)
{
	int64_t tick;
	uint32_t *slot;
	struct entry *e;

	for (tick = h->wheel_tick; h->n_wheel && tick < h->wheel_tick + WHEEL_SLOTS; tick++) {
		slot = tick == h->wheel_tick ? &h->held : &h->wheel[tick % WHEEL_SLOTS];
		if (!*slot)
			continue;
		e = entry_at(h, *slot);
		*slot = e->queue;
		h->n_wheel--;
		return e;
	}
	return NULL;
}

bool queues_give_one(struct handshakes *h)
{
	struct entry *e = ring_take(h, &h->dormant);

	if (!e)
		e = queues_take_young(h);
	if (!e)
		e = first_of_wheel(h);
	if (!e)
		return false;
	h->evicting = entry_deadline_ns(h, e) > h->clock_ns;
	h->counts.evicted += h->evicting && !(e->flags & ENTRY_UNASKED);
	give(h, e);
	h->evicting = false;
	return true;
}

static int by_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* All but the young, in order: entry_order() << 32 | index.  NULL: no memory. */
static uint64_t *take_others(struct handshakes *h, size_t *ret_n)
{
	uint64_t *order = malloc((h->dormant.n + h->n_wheel + 1) * sizeof(*order));
	struct entry *e;
	size_t n = 0;

	if (!order)
		return NULL;
	while ((e = ring_take(h, &h->dormant)) || (e = first_of_wheel(h)))
		order[n++] = (uint64_t)entry_order(e) << 32 | entry_index(h, e);
	qsort(order, n, sizeof(*order), by_order);
	*ret_n = n;
	return order;
}

/* The young are in order as they are. */
void queues_finish(struct handshakes *h)
{
	size_t n = 0, i = 0;
	uint64_t *others = take_others(h, &n);
	struct entry *e;

	if (!others) { /* then in the order in which they are found */
		while (queues_give_one(h))
			;
		return;
	}
	while ((e = ring_take(h, &h->young))) {
		if (h->young.n > LEAVE_AT_ONCE)
			expect_drop(h, entry_at(h, *ring_at(&h->young, LEAVE_AT_ONCE)));
		for (; i < n && others[i] >> 32 < entry_order(e); i++)
			give(h, entry_at(h, (uint32_t)others[i]));
		give(h, e);
	}
	for (; i < n; i++)
		give(h, entry_at(h, (uint32_t)others[i]));
	free(others);
}
