/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_CONNECTS_H
#define SYNSENT_SOURCES_CONNECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

/*
 * The connect() calls of a process and all that it starts, announced by the
 * kernel before they are made (seccomp user notification, Linux 5.5; seccomp_unotify(2)),
 * so that of each it is known who called, when, where to and under which options,
 * however short it lives, and also when no SYN ever leaves.  The call then goes on unchanged: it is
 * told, not judged.
 *
 * Not announced: a SYN that sendto(MSG_FASTOPEN) or io_uring makes, and what a program of another
 * architecture (i386 on x86_64) calls.
 */

/*
 * Announces, from now on and for good, those of this process and its children.
 * Needs CAP_SYS_ADMIN over its user namespace.  The listener, close on exec, or
 * -errno (-EBUSY: one further up announces already).
 */
int connects_announce(void);

struct connect_call {
	int64_t t_ns; /* CLOCK_MONOTONIC: heard of; the call waits for us until then */
	int32_t pid;  /* of the process, as the mounted /proc has it; 0: not known */
	char comm[16];
	struct endpoint to; /* IPv4 through an IPv6 socket is IPv4; none: AF_UNSPEC, which gives up what was begun */
	uint64_t cookie;    /* the socket's; 0: not known */
	bool is_mptcp;	    /* its SYNs are another socket's, a subflow, of another cookie */
	uint64_t netns;	    /* that of its network namespace; 0: not known */
	bool has_options;   /* those that follow are known */
	bool nonblocking;
	int state;  /* the socket's, as yet (include/net/tcp_states.h); 0: not known */
	int syncnt; /* TCP_SYNCNT; 0: not set */
	int64_t user_timeout_ms;
	int rto_max_ms; /* TCP_RTO_MAX_MS; 0: this kernel has none */
};

/* The cookie of this thread's network namespace; 0: not known (before Linux 5.14). */
uint64_t connects_netns(void);

/* Calls fn for each TCP connect() that waits, then lets it go on; without blocking.  How many, or -errno: nobody is
 * left who could call, or the listener is of no use. */
int connects_read(int listener, void (*fn)(const struct connect_call *c, void *user), void *user);

#endif
