/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FIREWALL_TEXT_H
#define SYNSENT_LAB_FIREWALL_TEXT_H

#include "lab/firewall.h"
#include "util/buf.h"

/* The pure half of the firewall: scripts for nft, and its JSON read back.  The texts for people are in firewall.h. */

/* "input", "output" */
const char *firewall_chain(const struct firewall_rule *r);

/* 0, or -EINVAL when the comment is empty, longer than 64 bytes, or has other bytes than letters, digits and '-'. */
int firewall_check(const struct firewall_rule *rules, int n, struct err *e);

/* Appends what `nft -f` needs to make the table, its chains and these rules. */
void firewall_script_add(const struct firewall_rule *rules, int n, struct buf *to);

/*
 * Finds n rules, by chain and comment, in what `nft -j list ruleset` printed, and
 * counts the rules of every table.  ret_rules and ret_count may be NULL.  -EPROTO
 * when the text is not what nft prints.
 */
int firewall_parse(const char *json, const struct firewall_rule *rules, int n, struct firewall_state *ret_rules,
		   int *ret_count, struct err *e);

#endif
