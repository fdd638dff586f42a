/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_HITS_H
#define SYNSENT_CLI_WATCH_HITS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attempt.h"
#include "sources/rules.h"

/*
 * Packets that rules dropped, as tracing tells of them (sources/nftrace.h): the last
 * few thousand.  One is an attempt's by addresses, ports and the sequence number
 * of its SYN: ports are used again, and by then other rules may be in the way.
 */
struct watch_hits;

#define WATCH_RULE_LEN sizeof(((struct drop *)NULL)->rule)

/* NULL when there is no memory. */
struct watch_hits *watch_hits_new(void);
void watch_hits_free(struct watch_hits *w);

/* `netns`: the inode number of the network namespace of that rule. */
void watch_hits_add(struct watch_hits *w, uint32_t netns, const struct rule_hit *h);

/* Names the rules that dropped such packets of a in d's network namespace; false: none is known. */
bool watch_hits_name(const struct watch_hits *w, const struct attempt *a, struct drop *d);

/* The SYNs that a rule rejected: it answers first, and drops the SYN when the attempt is over.  False: none did. */
bool watch_hits_reject(const struct watch_hits *w, const struct attempt *a, struct drop *ret);

/* A rule's text, ended by a mark where it does not fit. */
void watch_hits_put(const char *text, char to[WATCH_RULE_LEN]);

#endif
