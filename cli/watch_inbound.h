/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_INBOUND_H
#define SYNSENT_CLI_WATCH_INBOUND_H

#include "core/digest.h"
#include "util/buf.h"
#include "util/err.h"

/*
 * The other side: SYNs that come to this network namespace, by their
 * packets (core/handshakes.h): answered late, refused or ignored.  The final ACK
 * is not looked at, since every connection sends many that look like it.  Made for floods: WATCH_INBOUND_MEMORY at
 * most, and what finds no room is counted.
 */
struct watch_inbound;

#define WATCH_INBOUND_MEMORY (64u << 20)

struct watch_inbound_counts {
	uint64_t answered, late, refused, ignored;
	uint64_t lost, evicted; /* packets before they could be read; attempts for want of memory */
};

/* fn, or NULL, is given those that were not answered at once, or not at all, when that is decided. */
typedef void watch_inbound_fn(const struct attempt *a, const struct digest *d, void *user);

int watch_inbound_open(watch_inbound_fn *fn, void *user, struct watch_inbound **ret, struct err *e);
void watch_inbound_free(struct watch_inbound *w);

int watch_inbound_fd(const struct watch_inbound *w);
void watch_inbound_read(struct watch_inbound *w);

/* To be called about once a second, whether or not packets come. */
void watch_inbound_idle(struct watch_inbound *w);

/* The observation ends: what is left is given. */
void watch_inbound_finish(struct watch_inbound *w, int64_t now_ns);

void watch_inbound_counts(struct watch_inbound *w, struct watch_inbound_counts *ret);

#endif
