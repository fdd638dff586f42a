/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_CONNECT_FURTHER_H
#define SYNSENT_CLI_CONNECT_FURTHER_H

#include <stdint.h>

#include "core/attempt.h"

struct observe;

/*
 * What the host is asked about the attempt of `connect`, beyond its packets and its socket: for root where a packet of
 * it was dropped, by which rule, and where NAT had sent it; for all its route, its neighbour, and a full queue.
 */
struct connect_further;

/* Before connect().  NULL when there is no memory. */
struct connect_further *connect_further_new(void);
void connect_further_free(struct connect_further *f);

/*
 * It waits: then drops are looked for from now on, the first time that this is called by root.  The programs are loaded
 * by a thread, which takes some tenths of a second.
 */
void connect_further_watch(struct connect_further *f);

/*
 * The attempt is over: what is found is put in it.  It began at that time (CLOCK_MONOTONIC); observe: NULL when there
 * was none.
 */
void connect_further_look(struct connect_further *f, const struct flow *flow, int64_t began_ns,
			  const struct observe *observe, struct attempt *a);

#endif
