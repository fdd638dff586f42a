/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_OUTFILE_H
#define SYNSENT_UTIL_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

/*
 * A file that is complete or absent: it is written beside its name, as
 * NAME.part-PID-N, and renamed when closed, so that a reader never meets half
 * of it and an earlier file of that name survives a failure.  Where renaming
 * would be wrong it is written directly: "-" (standard output), devices, pipes.
 * A symbolic link is followed.  Writes are buffered.
 */
struct outfile;

/* 0 or -errno; e then names the path, the cause and the remedy, as for all of these. */
int outfile_create(const char *path, struct outfile **ret, struct err *e);

/* 0 or -errno; the first error is kept, and every later call gives it again. */
int outfile_write(struct outfile *o, const void *data, size_t len, struct err *e);

/* Hands what is buffered to the kernel. */
int outfile_flush(struct outfile *o, struct err *e);

/* Written directly, so that a reader may be waiting for each line. */
bool outfile_is_direct(const struct outfile *o);

/* Makes the file appear; after an error, in this call or earlier, it removes what was written instead.  Frees o. */
int outfile_close(struct outfile *o, struct err *e);

/* Gives up: nothing appears, nothing stays.  Frees o; o may be NULL. */
void outfile_abort(struct outfile *o);

/*
 * A file that a forked child writes, which may be confined and so unable to
 * rename: create it before the fork; after it only the child writes.  There all of
 * the above works, but outfile_close() only hands over what is buffered (what was
 * written before the fork too) and notes that the file is complete, and
 * outfile_abort() only frees: name and removal stay with the process that created it.
 *
 * That one calls outfile_commit() when the child has ended.  If the child closed the
 * file without an error it appears.  If not, because the child failed, gave up,
 * crashed or was killed, what was written is removed (what went to a device or a pipe
 * is gone, of course): -ECANCELED.  Frees o.
 */
int outfile_commit(struct outfile *o, struct err *e);

#endif
