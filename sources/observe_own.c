/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  In a namespace that is shared a SYN may be anybody's: it
 * came to a server here, or passes through on its way.  One that a program here
 * sent leaves, from an address of this namespace, without having come in before.
 * One that is forwarded came in first, and keeps its initial sequence number when
 * masquerade gives it an address of this namespace.  A packet socket sees packets
 * in that order.  By the loopback device nothing is forwarded, and libpcap shows
 * what it carries as it comes in (pcap-linux.c linux_check_direction()).  What was sent by no socket at all (a raw one)
 * is still taken, so no more is claimed of it than that a SYN was seen.
 */
#include "sources/observe_flows.h"

#include <net/if_arp.h>

#include "sources/route.h"

#define OUTGOING 4 /* PACKET_OUTGOING, linux/if_packet.h */

/* The kind of its device, in the cooked header. */
static bool is_by_loopback(const struct packet *p)
{
	struct bytes b = p->frame;
	uint16_t kind;

	return p->linktype == LINK_LINUX_SLL && bytes_skip(&b, 2) && bytes_u16be(&b, &kind) && kind == ARPHRD_LOOPBACK;
}

static bool is_link_local(const struct addr *a)
{
	return a->family == 6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool syn_is_own(struct observe *ob, const struct packet *p)
{
	const struct event_segment *g = &p->event.segment;
	const struct flow f = { .client = g->src, .server = g->dst };
	uint32_t *passing = &ob->passing[g->seq % PASSING_MAX];

	if (!ob->o.shared || is_by_loopback(p) || flows_of_isn(ob, &f, g->seq))
		return true;
	if (p->direction != OUTGOING) {
		*passing = g->seq;
		return false;
	}
	/* A route to a link-local address needs its device, and it is not forwarded. */
	return *passing != g->seq && (is_link_local(&g->src.addr) || route_is_local(&g->src.addr));
}

bool socket_was_seen(const struct observe *ob, const struct known *k)
{
	return !ob->o.shared || k->seen_ns || k->connect_ns;
}
