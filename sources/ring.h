/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RING_H
#define SYNSENT_SOURCES_RING_H

#include "sources/live.h"

/*
 * Live IP packets of all interfaces of the network namespace that it is opened in, as sources/live.h
 * gives them but for less: for floods.  The kernel writes them into blocks that
 * are shared with it (packet(7); Documentation/networking/packet_mmap.rst,
 * TPACKET_V3, Linux 3.2), and here nothing is done for each but to find the
 * next.  They begin with the IP header (LINK_RAW).  Needs CAP_NET_RAW.
 */
struct ring;

struct ring_opts {
	const char *inbound;  /* pcap-filter language, without directions: what came */
	const char *outgoing; /* ... and what goes, of this host */
	int snaplen;
	int gather_ms; /* so long packets may be held back, to be read in blocks */
	size_t memory; /* bytes at most of packets that wait to be read; 2 MiB at least */
};

/* 0 or -errno.  Without privilege as live_open(). */
int ring_open(const struct ring_opts *o, struct ring **ret, struct err *e);
void ring_free(struct ring *r);

/* Becomes readable when packets wait. */
int ring_fd(const struct ring *r);

/* Gives what is waiting, without blocking.  Returns how many. */
size_t ring_read(struct ring *r, live_fn *fn, void *user);

/* Packets that there was no room for, since ring_open(). */
uint64_t ring_lost(struct ring *r);

#endif
