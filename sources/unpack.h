/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_UNPACK_H
#define SYNSENT_SOURCES_UNPACK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

/* Compressed captures as a stream of bytes. */
enum packing {
	PACKING_NONE,
	PACKING_GZIP, /* RFC 1952; several members are one stream; zeros between and after them are padding */
	PACKING_ZSTD, /* RFC 8878; several frames are one stream, skippable ones are skipped */
	PACKING_LZ4,  /* the LZ4 frame format, as zstd; the legacy one of `lz4 -l` too */
};

#define UNPACK_HEAD 4 /* bytes that packing_of() looks at */

/*
 * By content; fewer than UNPACK_HEAD bytes give PACKING_NONE.  A skippable
 * frame, which zstd and lz4 share, gives PACKING_ZSTD; the first frame with
 * data then decides.
 */
enum packing packing_of(const uint8_t *head, size_t len);

/* "gzip", ... */
const char *packing_name(enum packing p);

struct unpack;

/*
 * Decodes what can be read from fd, after the `head_len` bytes that the caller
 * has read already (they are copied).  fd stays the caller's: file, pipe or
 * socket, blocking or not.  0 or -errno.
 *
 * With `threaded` the decoding runs ahead in a thread of its own, which the
 * first unpack_read() starts, with all signals blocked.  (Where none can be
 * started, the caller's thread decodes.)  Apart from memory and futexes, only
 * poll and read are called afterwards; unpack_new() also wants an eventfd, and
 * without one unpack_free() takes up to 0.1 s while a pipe is silent.
 *
 * Memory: 0.3 MiB, 1 MiB more with the thread, whatever the stream unpacks to,
 * and what the format makes a decoder keep: gzip 0.2 MiB; zstd 0.3 MiB and the
 * window that the frame asks for (8 MiB up to the tool's level 19; 128 MiB at
 * most); lz4 two blocks (8 MiB by default); lz4's legacy format 16 MiB.
 */
int unpack_new(enum packing p, int fd, const uint8_t *head, size_t head_len, bool threaded, struct unpack **ret,
	       struct err *e);

/* At any time, also while the thread waits for a pipe.  NULL is fine. */
void unpack_free(struct unpack *u);

/*
 * Before the first unpack_read(): waiting for input ends with -EINTR within 0.1 s
 * when *stopped, which a signal's handler may set, is not 0.  NULL: never.
 */
void unpack_stop_when(struct unpack *u, const volatile sig_atomic_t *stopped);

/*
 * What there is, up to `len` (not 0): it waits only until there is one byte,
 * so that a slow pipe is shown as it comes.  Bytes, 0 at the end, or -errno
 * with e filled; every byte that could be decoded before an error is given
 * first (whole blocks of zstd and lz4), and both end and error are final.  The
 * same bytes and the same errno come out however the input is cut into reads.
 *
 *   -EBADMSG  damaged, a checksum is wrong, or other bytes come after it
 *   -ENODATA  it ends in the middle (a cut between two members cannot be seen)
 *   -ENOTSUP  sound, as it seems, but it needs a larger window or a dictionary
 *   -EINTR    unpack_stop_when()
 *   others    from read(2), and -ENOMEM
 *
 * The first three name the compressed offset, from 0, up to which it was read
 * when that was found.
 */
ssize_t unpack_read(struct unpack *u, void *to, size_t len, struct err *e);

/* The next unpack_read() will not wait.  Without the thread it is not known: false. */
bool unpack_ready(struct unpack *u);

/* Compressed bytes taken so far, for progress. */
uint64_t unpack_taken(const struct unpack *u);

#endif
