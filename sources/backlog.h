/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_BACKLOG_H
#define SYNSENT_SOURCES_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "sources/synqueue.h"

struct drop;
struct namespaces;
struct procs_wanted;

/*
 * The listener that a connection to an address of this host would find, its
 * accept queue and its SYN queue.  While the one is full, or the other without
 * SYN cookies, the kernel ignores SYNs without a word (net/ipv4/tcp_input.c
 * tcp_conn_request(), sk_acceptq_is_full(), inet_csk_reqsk_queue_is_full()): no
 * packet is dropped that any tracepoint tells of.
 */
struct backlog {
	struct endpoint listener;
	uint32_t inode;	  /* its socket's */
	uint32_t netns;	  /* inode number */
	bool likely;	  /* another listener, in another namespace, may be the one */
	uint32_t waiting; /* connections that the program has not accepted */
	uint32_t limit;	  /* full when more than that wait */

	/* The SYN queue; known to be full at most where tcp_syncookies is 0. */
	enum synqueue_is by_backlog, by_sysctl; /* full by the backlog, by tcp_max_syn_backlog */
	uint32_t half_open;
	uint64_t half_open_backlog; /* of all listeners that share the port (SO_REUSEPORT) */
	int max_syn_backlog;	    /* the sysctl */
};

/*
 * Looks in that network namespace (inode number; 0: this one), the client's, or, if the address is none of its own, in
 * those of this host which a packet to it comes to (sources/reach.h): of several listeners, one that has a full queue.
 * False: no listener was found.
 */
bool backlog_find(struct namespaces *n, uint32_t netns, const struct flow *f, struct backlog *ret);

/* The address is that namespace's own, and nothing listens there on that port: all its listeners were looked at. */
bool backlog_nobody(struct namespaces *n, uint32_t netns, const struct endpoint *server);

static inline bool backlog_accept_is_full(const struct backlog *b)
{
	return b->waiting > b->limit;
}

/* One of its queues is, or is likely. */
static inline bool backlog_is_full(const struct backlog *b)
{
	return backlog_accept_is_full(b) || b->by_backlog || b->by_sysctl;
}

/* Is such a listener's queue full now, and whose: one walk through /proc.  n is NULL where the address is this
 * namespace's own at most. */
bool backlog_look(struct namespaces *n, uint32_t netns, const struct flow *f, struct drop *ret);

/* Which one that is, how full, and whose: `owner` is NULL where that is not known.  False: both have room. */
bool backlog_drop(const struct backlog *b, const struct procs_wanted *owner, struct drop *ret);

#endif
