/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RULECOUNTS_H
#define SYNSENT_SOURCES_RULECOUNTS_H

#include <stdint.h>

#include "sources/rules.h"
#include "util/err.h"

/*
 * Which rules may have dropped something between two moments: those that drop
 * and whose counter moved.  The ruleset is only read.  A rule that counts before
 * its last match, or a counter that several rules share, names rules that did not
 * drop it; other packets move counters too.  So these are candidates.  nft's rules without
 * `counter`, and the policies of its chains, drop without counting, and are never
 * named.
 */
struct rulecounts;

/*
 * Counters now, of the network namespace `netns` (-1: this thread's).  Runs nft
 * (its rules that have `counter`, and so those of iptables-nft), and where the
 * kernel has tables of it iptables-legacy-save (all of its rules, and policies).
 * 0, or -errno: with -ENOENT a program is missing, and e says which.
 */
int rulecounts_take(int netns, struct rulecounts **ret, struct err *e);
void rulecounts_free(struct rulecounts *c);

typedef void rulecounts_fn(const struct rule_hit *h, void *user);

/*
 * Calls fn for each of `after` whose counter is higher than in `before`, in the
 * firewall's order; h->packets says by how much, h->t_ns is 0.  A rule that
 * `before` does not have counts from 0.  fn runs in a thread of its own when there
 * is a netns.  0, or -errno.
 */
int rulecounts_moved(const struct rulecounts *before, const struct rulecounts *after, rulecounts_fn *fn, void *user,
		     struct err *e);

#endif
