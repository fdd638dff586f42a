/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_LIVE_H
#define SYNSENT_SOURCES_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

/* Live packets of one interface, by libpcap.  Needs CAP_NET_RAW in the network namespace's owner. */
struct live;

struct live_packet {
	int64_t t_ns;	     /* since 1970 */
	const uint8_t *data; /* borrowed, valid for the call */
	size_t caplen, len;
	int linktype; /* LINKTYPE_ value as in a capture file */
};

typedef void live_fn(const struct live_packet *p, void *user);

struct live_opts {
	const char *device;
	const char *filter; /* pcap-filter language; NULL: all */
	int snaplen;	    /* 0: 65535 */
	int buffer;	    /* bytes that wait to be read; 0: 8 MiB */
	int gather_ms;	    /* so long packets may be held back, to be read in blocks; 0: each comes at once */
};

/*
 * 0 or -errno.  Without privilege -EPERM, with e->remedy set and e->exit_code
 * left 0: the caller may go on with less evidence.
 */
int live_open(const struct live_opts *o, struct live **ret, struct err *e);
void live_free(struct live *l);

/* Becomes readable when packets wait. */
int live_fd(const struct live *l);

/* Gives what is waiting, without blocking.  Returns how many, or -errno. */
int live_read(struct live *l, live_fn *fn, void *user, struct err *e);

/* Packets that the kernel or the interface dropped before we could read them, since live_open(). */
uint64_t live_lost(struct live *l);

/* -EPERM: why, and what to do. */
int live_denied(const char *device, struct err *e);

/* "libpcap version 1.10.3 (with TPACKET_V3)" */
const char *live_library(void);

#endif
