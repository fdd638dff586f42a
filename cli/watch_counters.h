/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_COUNTERS_H
#define SYNSENT_CLI_WATCH_COUNTERS_H

#include "sources/namespaces.h"
#include "sources/rules_fit.h"
#include "util/buf.h"

/*
 * Which rule dropped a packet, by the firewall's counters.  They are read now and
 * then, and what moved between two looks belongs to what was dropped between
 * them, and to nothing else.
 */
struct watch_counters;

/* `namespaces` is borrowed.  NULL: no memory. */
struct watch_counters *watch_counters_new(struct namespaces *namespaces);
void watch_counters_free(struct watch_counters *w);

/* Reads those of a network namespace, so that it is known what they were before. */
void watch_counters_look(struct watch_counters *w, uint32_t netns);

struct watch_counters_found {
	int n;		 /* rules that can have done it */
	int n_nft;	 /* ... that are nft's */
	bool sure;	 /* n is 1, and nothing else can have done it */
	struct buf text; /* the rules, for people; the caller frees it */
};

/*
 * What can have dropped the packet of `k` in that network namespace at t_ns (since
 * 1970).  May run nft, for a small part of the time at most; where that is not
 * enough, nothing is found.
 */
void watch_counters_find(struct watch_counters *w, uint32_t netns, int64_t t_ns, const struct rules_case *k,
			 struct watch_counters_found *ret);

#endif
