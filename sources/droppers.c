/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/droppers.h"

#include <stddef.h>

static const struct {
	const char *function, *reason;
} droppers[] = {
	/* net/netfilter/core.c: a hook's NF_DROP */
	{ "nf_hook_slow", "NETFILTER_DROP" },
	/* net/ipv4/arp.c, net/ipv6/ndisc.c, and what calls them for each packet that waits, net/core/neighbour.c */
	{ "arp_error_report", "NEIGH_FAILED" },
	{ "ndisc_error_report", "NEIGH_FAILED" },
	{ "neigh_invalidate", "NEIGH_FAILED" },
	/* net/ipv4/ip_input.c: rp_filter, or no route; net/ipv4/route.c, net/ipv6/route.c: to nowhere */
	{ "ip_rcv_finish_core", "NOT_SPECIFIED" },
	{ "ip_error", "NOT_SPECIFIED" },
	{ "ip6_pkt_drop", "NOT_SPECIFIED" },
	/* net/ipv4/ip_output.c, net/ipv6/ip6_output.c: a program of a cgroup */
	{ "ip_finish_output", "NOT_SPECIFIED" },
	{ "ip6_finish_output", "NOT_SPECIFIED" },
	/* net/core/dev.c: tc at the egress */
	{ "__dev_queue_xmit", "NOT_SPECIFIED" },
};

int droppers_find(struct kallsyms *k, struct dropper *to, int max)
{
	size_t i, at;
	int n = 0;

	for (i = 0; i < sizeof(droppers) / sizeof(droppers[0]); i++)
		for (at = 0; n < max && kallsyms_find(k, droppers[i].function, &at, &to[n].from, &to[n].len); n++)
			to[n].reason = droppers[i].reason;
	return n;
}
