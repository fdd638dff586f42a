/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_RULES_H
#define SYNSENT_CLI_WATCH_RULES_H

#include <poll.h>

#include "core/attempt.h"
#include "util/err.h"

/*
 * Which rule, or XDP or tc program, dropped an attempt's packets.  Rules are
 * known for certain when they are traced (sources/nftrace.h), which adds a table
 * to the ruleset for that time; else by their counters, before and after, where
 * only one rule can have done it (cli/watch_counters.h).
 */
struct watch_rules;

#define WATCH_RULES_NETNS_MAX 16

struct watch_rules_opts {
	bool trace;	       /* add the table: to these network namespaces, or to this one */
	const uint32_t *netns; /* inode numbers; borrowed for the call */
	int n_netns;
};

/* 0 or -errno: only with `trace`. */
int watch_rules_new(const struct watch_rules_opts *o, struct watch_rules **ret, struct err *e);

/* Removes the tables before it returns. */
void watch_rules_free(struct watch_rules *w);

/* What the user is to know of it, one line or several; "" for nothing. */
const char *watch_rules_note(const struct watch_rules *w);

/* At most WATCH_RULES_NETNS_MAX descriptors; they are to be read when readable. */
int watch_rules_fds(const struct watch_rules *w, struct pollfd *fds);
void watch_rules_read(struct watch_rules *w);

/* Fills `rule` of its drops where it is known.  May run nft, for a small part of the time at most. */
void watch_rules_name(struct watch_rules *w, struct attempt *a);

/* Trace messages that were lost. */
uint64_t watch_rules_lost(const struct watch_rules *w);

#endif
