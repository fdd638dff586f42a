/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_LOST_H
#define SYNSENT_CLI_WATCH_LOST_H

#include "core/attempt.h"

/*
 * Where SYNs were lost, beyond what the kernel's tracepoints tell: by a
 * listener of this host whose accept queue is full.  At most WATCH_LOST_PER_S
 * questions a second are asked of the kernel, so that a storm of failures costs
 * no more.
 */
struct watch_lost;

#define WATCH_LOST_PER_S 100

/* NULL when there is no memory. */
struct watch_lost *watch_lost_new(void);
void watch_lost_free(struct watch_lost *w);

/* True: the attempt is one whose SYNs were lost, and nothing is known of where. */
bool watch_lost_is_unknown(const struct attempt *a);

/* A listener of this host for that server, that namespace's own (inode number; 0: this one) if it has the address,
 * whose queue is full now. */
bool watch_lost_backlog(struct watch_lost *w, uint32_t netns, const struct endpoint *server, struct drop *ret);

/* Nothing listens there now, in that namespace, whose own the address is.  False also when it is not known. */
bool watch_lost_nobody(struct watch_lost *w, uint32_t netns, const struct endpoint *server);

#endif
