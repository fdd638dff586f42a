/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RULES_LIST_H
#define SYNSENT_SOURCES_RULES_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/rules.h"

/* What `nft -a -t list ruleset` printed, with -s or without, taken apart; pure. */

struct rules_listed {
	const char *family, *table, *chain; /* valid for the call */
	const char *hook;		    /* of the chain, when it is a base chain; else "" */
	uint64_t handle;		    /* of the rule; 0: this is the chain's own line ("type filter hook ...") */
	const char *counter;		    /* no rule: a counter of this name, and text is its value; else NULL */
	const char *text;		    /* the rule, its lines joined, without handle and comment */
	const char *comment;		    /* "" when it has none */
};

typedef void rules_listed_fn(const struct rules_listed *l, void *user);

/* Calls fn for each base chain, each named counter and each rule, in their order.  Lines that it does not know are
 * passed over.  0, or -ENOMEM. */
int rules_list_parse(const char *listing, rules_listed_fn *fn, void *user);

/* The rule as rule_hit.text has it: without the values of counters, and one blank between words. */
void rules_list_text(const char *text, char *to, size_t len);

/* "reject" or "drop" as a word of the rule itself, in a map too, and not within quotes. */
bool rules_list_has(const char *text, const char *verdict);

/* Likewise "reject", or a target REJECT of iptables, which nft leaves so when it cannot translate it. */
bool rules_list_rejects(const char *text);

/* Fills text, comment and reject of an nft rule, which its family, table and handle name; and hook from the base chain
 * `base` of that table (NULL: h->chain).  What is not in the listing is left alone.  0, or -ENOMEM. */
int rules_list_find(const char *listing, const char *base, struct rule_hit *h);

#endif
