/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NFTASK_H
#define SYNSENT_SOURCES_NFTASK_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/rtask.h"

/* Questions to the firewall of this thread's network namespace, for CAP_NET_ADMIN.  They load no module. */

/*
 * Asks nf_tables for all of a kind (NFT_MSG_GETRULE, ...) of all families, and calls fn for each message of the answer;
 * for none where it may not be there.
 */
void nftask(uint8_t type, rtask_fn *fn, void *user);

/* struct ipt_getinfo and struct ip6t_getinfo (linux/netfilter_ipv4/ip_tables.h), which are the same. */
struct nftask_table {
	char name[32];
	unsigned int valid_hooks, hook_entry[5], underflow[5], num_entries, size;
};

/* A table of iptables-legacy; fd and level are for further questions to it, by getsockopt(). */
typedef void nftask_table_fn(int fd, int level, const struct nftask_table *is, void *user);

#define NFTASK_GET_ENTRIES 65 /* IPT_SO_GET_ENTRIES and IP6T_SO_GET_ENTRIES */

/* Those that are there, of IPv4 or IPv6. */
void nftask_legacy(bool six, nftask_table_fn *fn, void *user);

#endif
