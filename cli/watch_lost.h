/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_LOST_H
#define SYNSENT_CLI_WATCH_LOST_H

#include "cli/watch_ask.h"
#include "core/attempt.h"
#include "sources/backlog.h"

/*
 * Where SYNs were lost, beyond what the kernel's tracepoints tell: by a
 * listener of this host whose accept queue is full, or its SYN queue.
 */

/* True: the attempt is one whose SYNs were lost, and nothing is known of where. */
bool watch_lost_is_unknown(const struct attempt *a);

/* The one that was found last. */
struct watch_lost_last {
	struct backlog is;
	uint32_t netns; /* that of the client for which it was; all zero at the begin */
	struct addr client;
	struct endpoint server;
	int64_t at_ns; /* CLOCK_MONOTONIC */
};

/*
 * A listener of this host for that flow's server, one of whose queues is full now; `netns` is the client's (inode
 * number; 0: this one).  Where there is no time to ask, it is, likely, the last one, if that was found in the last
 * second for this client and server.
 */
bool watch_lost_backlog(struct watch_ask *w, struct watch_lost_last *last, uint32_t netns, const struct flow *f,
			struct drop *ret);

/* Nothing listens there now, in that namespace, whose own the address is.  False also when it is not known. */
bool watch_lost_nobody(struct watch_ask *w, uint32_t netns, const struct endpoint *server);

#endif
