/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_UNPACK_H
#define SYNSENT_SOURCES_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

/* Compressed captures as a stream of bytes. */
enum packing {
	PACKING_NONE,
	PACKING_GZIP, /* RFC 1952; several members are one stream */
	PACKING_ZSTD, /* RFC 8878; several frames are one stream, skippable ones are skipped */
	PACKING_LZ4,  /* the LZ4 frame format, the legacy one of `lz4 -l` too */
};

#define UNPACK_HEAD 4 /* bytes that packing_of() looks at */

/* By content; fewer than UNPACK_HEAD bytes give PACKING_NONE. */
enum packing packing_of(const uint8_t *head, size_t len);

/* "gzip", ... */
const char *packing_name(enum packing p);

struct unpack;

/*
 * Decodes what can be read from fd, after the `head_len` bytes that the caller
 * has read already.  With `threaded` the decoding runs ahead in a thread of its
 * own.  fd stays the caller's.  0 or -errno.
 */
int unpack_new(enum packing p, int fd, const uint8_t *head, size_t head_len, bool threaded, struct unpack **ret,
	       struct err *e);
void unpack_free(struct unpack *u);

/*
 * At least one byte unless the stream is at its end.  Bytes, 0 at the end, or
 * -errno with e filled; every byte that could be decoded before an error is
 * given first.  -EBADMSG: damaged; -ENODATA: it ends in the middle; both name
 * the compressed offset.
 */
ssize_t unpack_read(struct unpack *u, void *to, size_t len, struct err *e);

/* Compressed bytes taken so far, for progress. */
uint64_t unpack_taken(const struct unpack *u);

#endif
