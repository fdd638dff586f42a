/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NFTRACE_GROUP_H
#define SYNSENT_SOURCES_NFTRACE_GROUP_H

#include "sources/nftrace_parse.h"

/*
 * Joins the trace messages of one packet: the one that tells of a drop may lack
 * the headers, which came with the first of its base chain.  Remembers the last
 * NFTRACE_PASSING_MAX packets.  Pure.
 */
#define NFTRACE_PASSING_MAX 256

struct nftrace_passing {
	uint32_t id;
	bool known, has_packet;
	struct rule_packet packet;
	char base[RULE_NAME_LEN];
};

struct nftrace_group {
	const char *own; /* the name of our own tables, whose doings are of no interest */
	const struct endpoint *ends;
	int n_ends;
	unsigned int next;
	struct nftrace_passing passing[NFTRACE_PASSING_MAX];
};

/*
 * True: the message tells of a drop that is asked for, and *ret is filled but for
 * hook, text, comment and reject.  *ret_base is its base chain, "" when unknown,
 * valid until the next call.
 */
bool nftrace_group_feed(struct nftrace_group *g, const struct nftrace_event *ev, struct rule_hit *ret,
			const char **ret_base);

#endif
