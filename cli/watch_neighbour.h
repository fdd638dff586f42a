/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_NEIGHBOUR_H
#define SYNSENT_CLI_WATCH_NEIGHBOUR_H

#include "cli/watch_ask.h"
#include "core/attempt.h"

/*
 * Whether the next hop of an attempt that had no answer answers ARP or ND, by
 * the neighbour table of its network namespace: SYNs wait for it, and are
 * dropped only when the kernel gives up on it, seconds later.
 */

/*
 * True: who gave up depends on it.  It ended with EHOSTUNREACH, and no SYN was seen dropped for that: the event that
 * tells of the drop may be lost, or come later than the end.
 */
bool watch_neighbour_decides(const struct attempt *a);

/* True: no tracepoints tell of it, and its only SYN, or the last one, was not seen to leave this host. */
bool watch_neighbour_concerns(const struct attempt *a);

/* Sets silent_hop and silent_device, or leaves them.  now_ns: by the clock of the attempt's times. */
void watch_neighbour_look(struct watch_ask *w, struct attempt *a, int64_t now_ns);

/* The same of a single attempt of this network namespace. */
void watch_neighbour_look_here(struct attempt *a, int64_t now_ns);

#endif
