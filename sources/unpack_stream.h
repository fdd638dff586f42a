/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_UNPACK_STREAM_H
#define SYNSENT_SOURCES_UNPACK_STREAM_H

#include "sources/unpack.h"

/* The decoding behind unpack.h, in the caller's thread, from any source of bytes. */
struct unpack_stream;

/*
 * Where compressed bytes come from.  As read(2): bytes, 0 at the end, or
 * -errno.  Without `wait` -EAGAIN where it would block.
 */
typedef ssize_t unpack_source_fn(void *from, void *to, size_t len, bool wait, struct err *e);

int unpack_stream_new(enum packing p, const uint8_t *head, size_t head_len, unpack_source_fn *source, void *from,
		      struct unpack_stream **ret, struct err *e);
void unpack_stream_free(struct unpack_stream *s);

/* As unpack_read(): all of `len`, or as much as there is without waiting, but one byte. */
ssize_t unpack_stream_read(struct unpack_stream *s, void *to, size_t len, struct err *e);

/* As unpack_taken(); any thread may ask. */
uint64_t unpack_stream_taken(const struct unpack_stream *s);

#endif
