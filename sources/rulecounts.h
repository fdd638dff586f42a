/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RULECOUNTS_H
#define SYNSENT_SOURCES_RULECOUNTS_H

#include <stdint.h>

#include "sources/rules_fit.h"
#include "util/err.h"

/*
 * Which rules may have dropped something between two moments: those that drop
 * and whose counter moved.  The ruleset is only read.  A rule that counts before
 * its last match, or a counter that several rules share, names rules that did not
 * drop it; other packets move counters too.  So these are candidates.  nft's rules without
 * `counter`, and the policies of its chains, drop without counting, and are never
 * named; but where one of them may have dropped a packet, no other is sure to
 * have done it.
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
 * Notes in `after` which counters are higher than in `before`; a rule that
 * `before` does not have counts from 0.  Asks the kernel for the comments of
 * those, in that network namespace: nft does not print all of them.  Another
 * comparison with the same `after` takes its place.  0, or -errno.
 */
int rulecounts_compare(const struct rulecounts *before, struct rulecounts *after, int netns, struct err *e);

/*
 * After rulecounts_compare(): calls fn for each whose counter moved and that fits
 * `k` (sources/rules_fit.h; NULL: all), in the firewall's order; h->packets says
 * by how much, h->t_ns is 0.  True: if it was one rule, no other can have done it.
 * False: one without a counter can, or the rules changed in between, or packets
 * are given other destinations.
 */
bool rulecounts_moved(const struct rulecounts *c, const struct rules_case *k, rulecounts_fn *fn, void *user);

#endif
