/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace_queue.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct trace_block {
	struct trace_block *next;
	size_t begin, end; /* of data */
	char data[];
};

#define DATA_ROOM (TRACE_QUEUE_BLOCK - sizeof(struct trace_block))

/* What a record takes, with its length before it. */
static size_t size_of(size_t len)
{
	return sizeof(uint64_t) + (len + 7) / 8 * 8;
}

static void drop_first(struct trace_queue *q)
{
	struct trace_block *b = q->first;

	q->first = b->next;
	if (!q->first)
		q->last = NULL;
	q->bytes -= TRACE_QUEUE_BLOCK;
	free(b);
}

void trace_queue_free(struct trace_queue *q)
{
	while (q->first)
		drop_first(q);
}

static bool fits(const struct trace_queue *q, size_t len)
{
	return q->last && q->last->end + size_of(len) <= DATA_ROOM;
}

bool trace_queue_has_room(const struct trace_queue *q)
{
	return fits(q, TRACE_QUEUE_RECORD_MAX) || q->bytes + TRACE_QUEUE_BLOCK <= q->max;
}

static bool add_block(struct trace_queue *q)
{
	struct trace_block *b;

	if (q->bytes + TRACE_QUEUE_BLOCK > q->max)
		return false;
	b = malloc(TRACE_QUEUE_BLOCK);
	if (!b)
		return false;
	*b = (struct trace_block){ 0 };
	if (q->last)
		q->last->next = b;
	else
		q->first = b;
	q->last = b;
	q->bytes += TRACE_QUEUE_BLOCK;
	return true;
}

bool trace_queue_put(struct trace_queue *q, const void *data, size_t len)
{
	const uint64_t told = len;
	char *to;

	if (len > TRACE_QUEUE_RECORD_MAX || (!fits(q, len) && !add_block(q)))
		return false;
	to = q->last->data + q->last->end;
	memcpy(to, &told, sizeof(told));
	memcpy(to + sizeof(told), data, len);
	q->last->end += size_of(len);
	return true;
}

const void *trace_queue_take(struct trace_queue *q, size_t *ret_len)
{
	const char *at;
	uint64_t len;

	while (q->first && q->first->begin == q->first->end)
		drop_first(q);
	if (!q->first)
		return NULL;
	at = q->first->data + q->first->begin;
	memcpy(&len, at, sizeof(len));
	q->first->begin += size_of(len);
	*ret_len = len;
	return at + sizeof(len);
}
