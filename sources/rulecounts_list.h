/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RULECOUNTS_LIST_H
#define SYNSENT_SOURCES_RULECOUNTS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/rules.h"

/* The counters of what drops, as nft and iptables-save print them; pure. */

/* Texts are the list's; NULL where there is none. */
struct rulecount {
	enum rule_maker maker;
	bool policy, reject;
	bool uncounted; /* it drops, but has no counter */
	enum rule_answer answer;
	char *family, *table, *chain, *hook, *text, *comment;
	uint64_t handle, packets;
	int number;
	uint64_t moved; /* by how much since an earlier list; sources/rulecounts.c sets it */
	int nth;	/* of those that are alike but for the number, from 0; rulecounts_list_sort() sets it */
};

/* Zero-initialised it is empty. */
struct rulecounts_list {
	struct rulecount *items; /* in the firewall's own order */
	size_t n, room;
	bool translates;		 /* some rule gives packets another destination, which rules behind it see */
	const struct rulecount **by_key; /* after rulecounts_list_sort() */
};

void rulecounts_list_fini(struct rulecounts_list *l);

/* Adds what `nft -a -t list ruleset` printed: rules that drop or reject, perhaps by a map of their own, and
 * policies that drop, with a counter or without.  0 or -ENOMEM. */
int rulecounts_from_nft(const char *listing, struct rulecounts_list *to);

/* Adds what iptables-legacy-save -c printed: rules with the targets DROP, REJECT, TARPIT, and policies that drop.
 * `family` is "ip" or "ip6".  0 or -ENOMEM. */
int rulecounts_from_save(const char *text, const char *family, struct rulecounts_list *to);

/* Copies *c and its texts.  0 or -ENOMEM. */
int rulecounts_list_add(struct rulecounts_list *l, const struct rulecount *c);

/* Makes rulecounts_list_find() possible.  0 or -ENOMEM. */
int rulecounts_list_sort(struct rulecounts_list *l);

/* The same rule or policy in another list, or NULL. */
const struct rulecount *rulecounts_list_find(const struct rulecounts_list *l, const struct rulecount *c);

#endif
