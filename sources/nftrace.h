/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NFTRACE_H
#define SYNSENT_SOURCES_NFTRACE_H

#include <stdint.h>

#include "core/addr.h"
#include "sources/rules.h"
#include "util/err.h"

/*
 * Theory of operation.  nf_tables tells which rule did what to a packet, when a
 * rule has marked that packet (`meta nftrace set 1`).  So tables of our own mark
 * the segments that begin a connection, answer such or refuse it (SYN or RST set),
 * before any other chain sees them: at prerouting, at output, and at the ingress
 * of each device, those that come later too.  Nothing else in the ruleset is
 * touched, and the tables belong to a socket of this process (the flag owner,
 * Linux 5.12): however the process ends, the kernel removes them.
 *
 * What it does not see: iptables-legacy's rules (sources/rulecounts.h), and what
 * drops before the ingress hook (XDP, tc: sources/netprogs.h) or after a queue to
 * user space.  While it is there, `nft list ruleset` shows its tables, the
 * ruleset's generation counts on, and `nft -j list ruleset` of nft 1.0.6 may break
 * off at the flag owner, as it does beside firewalld.
 */
struct nftrace;

#define NFTRACE_ENDS_MAX 64

struct nftrace_opts {
	const struct endpoint *ends; /* packets from or to these; no address, or port 0: any; copied */
	int n_ends;		     /* 0: all; at most NFTRACE_ENDS_MAX */
	int netns;		     /* a descriptor, which must stay open; -1: the network namespace of this thread */
};

/*
 * Needs CAP_NET_ADMIN over the network namespace.  0, or -errno with the reason;
 * then e->exit_code is 77 where the kernel or the privilege is missing.  nftrace_free()
 * removes the tables before it returns.
 */
int nftrace_open(const struct nftrace_opts *o, struct nftrace **ret, struct err *e);
void nftrace_free(struct nftrace *t);

/* To be polled for POLLIN; nftrace_read() is then due. */
int nftrace_fd(const struct nftrace *t);

typedef void nftrace_fn(const struct rule_hit *h, void *user);

/*
 * Reads what is waiting; fn gets each packet that a rule or a policy dropped.
 * Returns how many messages were lost (at least), or -errno.  The first time a
 * rule is met after a change of the ruleset nft is run to list it, so this may
 * take as long as that does.
 */
int nftrace_read(struct nftrace *t, int64_t now_ns, nftrace_fn *fn, void *user);

/* What does not work as it should, for people ("no ingress rules: ..."); "" when all does. */
const char *nftrace_note(const struct nftrace *t);

#endif
