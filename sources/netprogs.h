/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NETPROGS_H
#define SYNSENT_SOURCES_NETPROGS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/err.h"

/*
 * What may take packets off a device besides the firewall: XDP and tc programs,
 * and tc filters whose action is drop.  The kernel does not say which one a packet
 * met; where there is one only, it is that.
 */
enum netprog_kind {
	NETPROG_XDP,	   /* mode says how */
	NETPROG_TCX,	   /* tc, attached by link (Linux 6.6) */
	NETPROG_TC,	   /* tc, a filter of kind bpf */
	NETPROG_TC_FILTER, /* tc, a filter of another kind, or of classic BPF, whose action drops */
};

struct netprog {
	enum netprog_kind kind;
	bool egress; /* tc; else ingress */
	uint32_t ifindex;
	char device[16];
	uint32_t id;	   /* bpftool prog show id N; 0: unknown, or no program */
	char name[64];	   /* the program's; of a filter of kind bpf what tc calls it, when the program has none */
	char mode[16];	   /* XDP: "generic", "native", "offload"; TC_FILTER: its kind, "flower" */
	uint32_t priority; /* tc's pref */
	uint32_t handle;   /* tc's */
};

typedef void netprogs_fn(const struct netprog *p, void *user);

/*
 * Calls fn for each of a device of the network namespace `netns` (-1: this
 * thread's).  The names of programs need CAP_BPF, and tcx CAP_NET_ADMIN; without
 * they are left out.  0, or -errno: -ENODEV when there is no such device.
 */
int netprogs_list(int netns, uint32_t ifindex, netprogs_fn *fn, void *user, struct err *e);

/* For people, escaped: "XDP program dropper (id 12) on eth0", "tc program f (id 3) at the ingress of eth0",
 * "tc filter flower pref 49152 handle 0x1 at the egress of eth0". */
void netprog_format(const struct netprog *p, struct buf *to);

#endif
