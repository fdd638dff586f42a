/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "core/verdict_replies.h"
#include "core/verdict_say.h"
#include "core/verdict_schedule.h"

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/*
 * What this host dropped, just before the end, for want of a neighbour.  IPv6 gives no reason for it, but the place is
 * the same: net/core/neighbour.c neigh_invalidate() by net/ipv6/ndisc.c ndisc_error_report(), or what it is compiled
 * into.  When the packet is freed, the socket may be closed already.
 */
const struct drop *neighbour_drop(const struct attempt *a)
{
	const struct drop *d;
	int i;

	for (i = 0; i < a->n_drops; i++) {
		d = &a->drops[i];
		if (d->reply || d->place == DROP_PATH_OR_PEER ||
		    !(begins(d->reason, "NEIGH_") || begins(d->function, "neigh_") || begins(d->function, "__neigh_") ||
		      begins(d->function, "ndisc_")))
			continue;
		if (!d->last_ns || ended_at_the_soonest_ns(a) - d->last_ns < 5 * ICMP_ACTS_WITHIN_NS)
			return d;
	}
	return NULL;
}

#define ENDS_WITHIN_NS 5000000

/*
 * What this host dropped for want of a neighbour as it ended, too soon: the ICMP error of that fires the timer, and is
 * noted nowhere when that ends the wait (net/ipv4/tcp_ipv4.c tcp_ld_RTO_revert(), tcp_v4_err()).
 */
const struct drop *ended_by_neighbour(const struct attempt *a, const struct verdict *v)
{
	const struct drop *d = a->traced && a->end == ATTEMPT_END_CLOSE && !a->unseen_ns ? neighbour_drop(a) : NULL;
	bool exact;
	int64_t end_ns = verdict_predict_end(a, &exact);

	if (!d || !exact || a->limits_changed || v->elapsed_ns > end_ns - GIVE_UP_TOLERANCE_NS ||
	    imaxabs(a->ended_ns - d->last_ns) > ENDS_WITHIN_NS)
		return NULL;
	return d;
}

bool is_no_neighbour(const struct attempt *a, const struct reply *icmp)
{
	bool host = icmp->icmp_family == 6 ? icmp->icmp_type == 1 && icmp->icmp_code == 3
					   : icmp->icmp_type == 3 && icmp->icmp_code == 1;

	/* It comes from the first address of the client's subnet (net/ipv4/icmp.c icmp_send()). */
	return host && (icmp->own || addr_equal(&icmp->from, &a->flow.client.addr)) &&
	       !addr_equal(&a->flow.client.addr, &a->flow.server.addr) && !addr_is_loopback(&icmp->from) &&
	       !(a->traced && drop_by_firewall(a));
}

void no_neighbour(const struct attempt *a, struct verdict *v)
{
	const struct addr *server = &a->flow.server.addr;
	char text[ADDR_TEXT_LEN];

	say_headline(v, "no neighbour answered for the server's address or its gateway (%s)",
		     server->family == 6 ? "ND" : "ARP");
	say_advice(v, "`ip neigh` and `ip route get %s`: the next hop is down, or the address is wrong",
		   addr_format(server, text));
}

void neighbour_failed(const struct attempt *a, const struct drop *d, struct verdict *v, enum confidence c)
{
	say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, c);
	no_neighbour(a, v);
	say_evidence(v, "this host dropped %" PRIu64 " SYN%s for that (%s)", d->packets,
		     say_plural((int64_t)d->packets), begins(d->reason, "NEIGH_") ? d->reason : d->function);
}

void say_silent_hop(const struct attempt *a, struct verdict *v)
{
	char text[ADDR_TEXT_LEN];

	say_evidence(v, "by the neighbour table %s on %s does not answer %s", addr_format(&a->silent_hop, text),
		     a->silent_device, a->silent_hop.family == 6 ? "ND" : "ARP");
}
