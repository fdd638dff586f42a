/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_INBOUND_H
#define SYNSENT_CLI_WATCH_INBOUND_H

#include <poll.h>

#include "core/digest.h"
#include "util/buf.h"
#include "util/err.h"

/*
 * The other side: SYNs that come to this network namespace, or to others, by their
 * packets (core/handshakes.h): answered late, refused or ignored.  The final ACK
 * is not looked at, since every connection sends many that look like it.  Made for floods: WATCH_INBOUND_MEMORY for
 * attempts at most and WATCH_INBOUND_RINGS for packets, for all namespaces together, and what finds no room is counted.
 */
struct watch_inbound;

#define WATCH_INBOUND_MEMORY (64u << 20)
#define WATCH_INBOUND_RINGS (32u << 20)
#define WATCH_INBOUND_NETNS_MAX 16

struct watch_inbound_counts {
	uint64_t answered, late, refused, ignored;
	uint64_t lost, evicted; /* packets before they could be read; attempts for want of memory */
};

/* One that was not answered at once, or not at all, when that is decided; the namespace is in a->netns. */
typedef void watch_inbound_fn(const struct attempt *a, const struct digest *d, void *user);

struct watch_inbound_opts {
	const uint32_t *netns; /* inode numbers, WATCH_INBOUND_NETNS_MAX at most; borrowed for the call */
	int n_netns;	       /* 0: this one */
	watch_inbound_fn *fn;  /* NULL: they are only counted */
	void *user;
};

/* 0 or -errno; e->exit_code 77 when they may not be seen. */
int watch_inbound_open(const struct watch_inbound_opts *o, struct watch_inbound **ret, struct err *e);
void watch_inbound_free(struct watch_inbound *w);

/* At most WATCH_INBOUND_NETNS_MAX descriptors; they are to be read when readable. */
int watch_inbound_fds(const struct watch_inbound *w, struct pollfd *fds);
void watch_inbound_read(struct watch_inbound *w);

/* To be called about once a second, whether or not packets come. */
void watch_inbound_idle(struct watch_inbound *w);

/* The observation ends: what is left is given. */
void watch_inbound_finish(struct watch_inbound *w, int64_t now_ns);

void watch_inbound_counts(struct watch_inbound *w, struct watch_inbound_counts *ret);

#endif
