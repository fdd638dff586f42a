/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NFTRACE_PARSE_H
#define SYNSENT_SOURCES_NFTRACE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/rules.h"
#include "util/bytes.h"

/*
 * What nf_tables tells of a packet that it traces: linux/netfilter/nf_tables.h
 * NFTA_TRACE_*, net/netfilter/nf_tables_trace.c, since Linux 4.6.  One message
 * per rule that acted, and one per chain whose policy did.  The packet's headers
 * come with the first message of each base chain that it passes.
 */
struct nftrace_event {
	uint32_t id;	/* the same for one packet on its way */
	uint8_t family; /* NFPROTO_ of the table */
	bool drop;	/* its verdict */
	bool policy;	/* a chain's policy, not a rule */
	char table[RULE_NAME_LEN], chain[RULE_NAME_LEN];
	uint64_t handle;
	bool first;	 /* of a base chain: it carries headers */
	bool has_packet; /* they are those of a TCP segment */
	struct rule_packet packet;
};

typedef void nftrace_event_fn(const struct nftrace_event *ev, void *user);

/* Calls fn for each trace message of a datagram.  Others are passed over.  0, or -EBADMSG when a message was none
 * (those before it were told). */
int nftrace_parse_datagram(struct bytes b, nftrace_event_fn *fn, void *user);

/* "inet" for NFPROTO_INET, ...; "" for one that is not known.  And the other way round, 0 then. */
const char *nftrace_family(uint8_t nfproto);
uint8_t nftrace_nfproto(const char *family);

#endif
