/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_BROADCAST_H
#define SYNSENT_CLI_WATCH_BROADCAST_H

#include "core/attempt.h"

/*
 * Whether a connect() that failed for want of a route went to a subnet's
 * broadcast address: the kernel has the same error for both.  At most
 * WATCH_BROADCAST_PER_S questions a second are asked of it.
 */
struct watch_broadcast;

#define WATCH_BROADCAST_PER_S 100

/* NULL when there is no memory. */
struct watch_broadcast *watch_broadcast_new(void);
void watch_broadcast_free(struct watch_broadcast *w);

/* By the routes of its network namespace now.  False also when it is not known. */
bool watch_broadcast_is(struct watch_broadcast *w, const struct attempt *a);

#endif
