/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RULEBOOK_H
#define SYNSENT_SOURCES_RULEBOOK_H

#include <stdint.h>

#include "sources/rules.h"
#include "util/err.h"

/*
 * nft's listing of the rules, kept while the ruleset stays as it is, to find the
 * text of a rule by its handle.  A handle means the same rule only within one
 * generation: a table that is made anew counts from 1 again.
 */
struct rulebook;

/* Of the network namespace `netns` (-1: this thread's), with a socket of nfsock_open() in it; both are borrowed.
 * NULL: no memory. */
struct rulebook *rulebook_new(int netns, int socket);
void rulebook_free(struct rulebook *b);

/*
 * Fills h's text, comment, reject and hook, as rules_list_find() does.  `base`
 * names the base chain, NULL: h->chain.  Lists anew when the generation is
 * another one, though at most once a second by `now_ns`; in between nothing is
 * filled.  0, or -errno of the listing that failed.
 */
int rulebook_find(struct rulebook *b, uint32_t generation, int64_t now_ns, const char *base, struct rule_hit *h,
		  struct err *e);

#endif
