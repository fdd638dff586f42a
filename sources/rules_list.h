/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RULES_LIST_H
#define SYNSENT_SOURCES_RULES_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/rules.h"

/* What `nft -a -s -t list ruleset` printed, taken apart; pure. */

struct rules_listed {
	const char *family, *table, *chain; /* valid for the call */
	const char *hook;		    /* of the chain, when it is a base chain; else "" */
	bool drops;			    /* no rule, but the chain itself: its policy is drop */
	uint64_t handle;		    /* of the rule; 0: this is the chain's own line ("type filter hook ...") */
	const char *text;		    /* the rule, its lines joined, without handle and comment */
	const char *comment;		    /* "" when it has none */
};

typedef void rules_listed_fn(const struct rules_listed *l, void *user);

/* Calls fn for each base chain and each rule, in their order.  Lines that it does not know are passed over.  0, or
 * -ENOMEM. */
int rules_list_parse(const char *listing, rules_listed_fn *fn, void *user);

/* Fills text, comment and reject of an nft rule, which its family, table and handle name; and hook from the base chain
 * `base` of that table (NULL: h->chain).  What is not in the listing is left alone.  0, or -ENOMEM. */
int rules_list_find(const char *listing, const char *base, struct rule_hit *h);

#endif
