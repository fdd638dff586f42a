/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_SYNQUEUE_H
#define SYNSENT_SOURCES_SYNQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/sockdiag_msg.h"

/*
 * The listener that a SYN to a server finds, and its SYN queue, from what sock_diag tells of one network namespace.
 *
 * Without SYN cookies (tcp_syncookies 0) a SYN is ignored without a word while more connections are half open than the
 * backlog, and while more are than three quarters of tcp_max_syn_backlog unless the kernel's TCP metrics know its
 * sender (net/ipv4/tcp_input.c tcp_conn_request(), tcp_peer_is_proven()).
 */
struct synqueue {
	struct endpoint server;
	uint32_t device, vrf; /* by which the SYN comes, and the VRF that this is of; 0: not known, none */
	int fit;	      /* how well the listener fits: 0, there is none */
	struct sockdiag_socket listener;
	uint32_t n;	  /* it, and all that fit as well (SO_REUSEPORT) */
	uint64_t backlog; /* theirs together */
	bool ipv4;	  /* there is an IPv4 listener on that port */
	bool several;	  /* there is one of a single address, so that not all on that port are one listener's */
	uint32_t half_open;
};

enum synqueue_is { SYNQUEUE_HAS_ROOM, SYNQUEUE_FULL_LIKELY, SYNQUEUE_FULL };

/* All listeners first, and then all in SYN-RECEIVED. */
void synqueue_listener(struct synqueue *q, const struct sockdiag_socket *s);
void synqueue_request(struct synqueue *q, const struct sockdiag_socket *s);

/*
 * Of n listeners by the sum of their backlogs, without cookies.  FULL: each has one more than its backlog, which is the
 * most.  LIKELY: as many as that sum are enough where kernels take a queue for full one earlier (before Linux 6.14 and
 * stable ones of that time), and one of several listeners may be full alone.
 */
static inline enum synqueue_is synqueue_by_backlog(uint32_t half_open, uint64_t backlog, uint32_t n)
{
	if (n && half_open >= backlog + n)
		return SYNQUEUE_FULL;
	return half_open && half_open >= backlog ? SYNQUEUE_FULL_LIKELY : SYNQUEUE_HAS_ROOM;
}

/* By tcp_max_syn_backlog without cookies: never FULL, for it is not known who is let through. */
static inline enum synqueue_is synqueue_by_sysctl(uint32_t half_open, int64_t max)
{
	return max - half_open < max >> 2 ? SYNQUEUE_FULL_LIKELY : SYNQUEUE_HAS_ROOM;
}

#endif
