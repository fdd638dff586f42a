/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TRACE_QUEUE_H
#define SYNSENT_SOURCES_TRACE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Records that were read and are not judged yet, in the order of their coming: very many attempts may end at once, and
 * to read one takes much less time than to judge it.  Takes next to no memory while it is empty.  Pure.
 */
struct trace_queue {
	struct trace_block *first, *last;
	size_t bytes; /* that all blocks take */
	size_t max;   /* they take no more than that */
};

#define TRACE_QUEUE_BLOCK ((size_t)64 << 10)
#define TRACE_QUEUE_RECORD_MAX ((size_t)4 << 10)

void trace_queue_free(struct trace_queue *q);

/* Of TRACE_QUEUE_RECORD_MAX bytes at most.  False: there is no room, or no memory. */
bool trace_queue_put(struct trace_queue *q, const void *data, size_t len);

/* There is room for any one more. */
bool trace_queue_has_room(const struct trace_queue *q);

/* The first, and its length; it is valid until the next call.  NULL: it is empty. */
const void *trace_queue_take(struct trace_queue *q, size_t *ret_len);

#endif
