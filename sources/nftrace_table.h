/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NFTRACE_TABLE_H
#define SYNSENT_SOURCES_NFTRACE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "sources/nlput.h"

/*
 * The tables that make the kernel trace handshakes, as netlink batches
 * (linux/netfilter/nf_tables.h).  A table of the family inet has base chains at
 * prerouting and output, one of the family netdev a base chain at the ingress of
 * each device; all come before any other chain, and jump to a chain whose rules
 * set nftrace.  They have the flag owner (Linux 5.12): the kernel removes them
 * when the socket that made them is closed, in whatever way.
 */
struct nftrace_table {
	const char *name;
	const struct endpoint *ends; /* packets from or to these; an address of none and a port of 0 match any */
	int n_ends;		     /* 0: all packets */
};

/* What follows goes between these two, and is done whole or not at all. */
void nftrace_batch_begin(struct nlput *m);
void nftrace_batch_end(struct nlput *m);

/* The inet table, whole. */
void nftrace_table_inet(struct nlput *m, const struct nftrace_table *t);

/* The netdev table without base chains, and one of them. */
void nftrace_table_netdev(struct nlput *m, const struct nftrace_table *t);
void nftrace_table_device(struct nlput *m, const struct nftrace_table *t, uint32_t ifindex, const char *device);

#endif
