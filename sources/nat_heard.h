/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NAT_HEARD_H
#define SYNSENT_SOURCES_NAT_HEARD_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/conntrack.h"

/*
 * What conntrack's events told of lately, by the flow as it came to the network namespace whose NAT it was.  Of fixed
 * size; what is older than NAT_HEARD_NEEDED_NS makes room, since by then the attempt has been judged.  Time is
 * CLOCK_MONOTONIC's; pure.
 */
struct nat_heard;

#define NAT_HEARD_MAX (1u << 15)
#define NAT_HEARD_NEEDED_NS 500000000LL

/* NULL when there is no memory (about 3 MB, of which only what is used is touched). */
struct nat_heard *nat_heard_new(uint64_t seed);
void nat_heard_free(struct nat_heard *h);

/* False: one that is needed still made room for it. */
bool nat_heard_put(struct nat_heard *h, const struct conntrack_entry *e, uint32_t netns, int64_t now_ns);

/*
 * Where that flow was sent, from one network namespace to the next, by what was heard since then; `own` is the one that
 * it begins in, and `leaves_own` says that others may have had it.
 */
struct nat_heard_way {
	struct flow goes; /* at last */
	uint32_t by;	  /* whose NAT gave it another server, the last that did; 0: none */
};

void nat_heard_follow(const struct nat_heard *h, const struct flow *f, uint32_t own, bool leaves_own, int64_t since_ns,
		      struct nat_heard_way *ret);

#endif
