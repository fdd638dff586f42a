/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_BROADCAST_H
#define SYNSENT_CLI_WATCH_BROADCAST_H

#include "cli/watch_ask.h"
#include "core/attempt.h"

/*
 * Whether a connect() that failed for want of a route went to a subnet's
 * broadcast address: the kernel has the same error for both.  By the routes of its
 * network namespace now.  False also when it is not known.
 */
bool watch_broadcast_is(struct watch_ask *w, const struct attempt *a);

#endif
