/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/wire_held.h"

#include <stdlib.h>
#include <string.h>

static bool leaves_before(const struct held *a, const struct held *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void place(struct held_queue *q, size_t at, struct held *h)
{
	q->heap[at] = h;
	h->at = at;
}

/* Moves h from its place to where it belongs. */
static void settle(struct held_queue *q, struct held *h)
{
	size_t at = h->at, child;

	while (at && leaves_before(h, q->heap[(at - 1) / 2])) {
		place(q, at, q->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		child = 2 * at + 1;
		if (child + 1 < q->n && leaves_before(q->heap[child + 1], q->heap[child]))
			child++;
		if (child >= q->n || !leaves_before(q->heap[child], h))
			break;
		place(q, at, q->heap[child]);
		at = child;
	}
	place(q, at, h);
}

static bool grow(struct held_queue *q)
{
	size_t cap = q->cap ? 2 * q->cap : 64;
	struct held **heap;

	if (q->n < q->cap)
		return true;
	heap = realloc(q->heap, cap * sizeof(struct held *));
	if (!heap)
		return false;
	q->heap = heap;
	q->cap = cap;
	return true;
}

/* Small frames cost more than their bytes. */
static size_t cost(size_t len)
{
	return len + sizeof(struct held);
}

struct held *held_put(struct held_queue *q, const struct held *like, struct bytes frame)
{
	struct held *h;

	if (cost(frame.len) > WIRE_HELD_MAX - q->bytes || !grow(q))
		return NULL;
	h = malloc(sizeof(*h) + frame.len);
	if (!h)
		return NULL;
	*h = *like;
	h->len = frame.len;
	memcpy(h->bytes, frame.p, frame.len);
	h->order = q->next_order++;
	h->at = q->n++;
	q->bytes += cost(frame.len);
	settle(q, h);
	return h;
}

struct held *held_first(const struct held_queue *q)
{
	return q->n ? q->heap[0] : NULL;
}

void held_move(struct held_queue *q, struct held *h, int64_t due_ns)
{
	h->due_ns = due_ns;
	h->order = q->next_order++;
	settle(q, h);
}

void held_take(struct held_queue *q, struct held *h)
{
	struct held *last = q->heap[--q->n];

	q->bytes -= cost(h->len);
	if (last == h)
		return;
	last->at = h->at;
	settle(q, last);
}

void held_fini(struct held_queue *q)
{
	size_t i;

	for (i = 0; i < q->n; i++)
		free(q->heap[i]);
	free(q->heap);
}
