/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_WRITE_H
#define SYNSENT_CLI_READ_WRITE_H

#include "cli/read_job.h"
#include "util/outfile.h"

/*
 * -w: the packets of chosen attempts as a capture, with what is known of each as
 * its comment.  Which attempts are chosen is known only when they are judged, so
 * packets wait in a file without a name until the end.
 */
struct read_write;

/* 0 or -errno.  The files are opened here, and nowhere later. */
int read_write_new(const char *path, uint64_t memory, struct read_write **ret, struct err *e);
void read_write_free(struct read_write *w);
struct outfile *read_write_outfile(const struct read_write *w);

/* A packet that belongs to an attempt. */
void read_write_packet(struct read_write *w, const struct read_packet *p);

/* That attempt is chosen, and this is its verdict. */
void read_write_choose(struct read_write *w, const struct attempt *a, const struct verdict *v);

/* comment: of the whole.  0 or -errno; then no file appears. */
int read_write_end(struct read_write *w, const char *comment, struct err *e);

#endif
