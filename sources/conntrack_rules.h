/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_CONNTRACK_RULES_H
#define SYNSENT_SOURCES_CONNTRACK_RULES_H

#include <stdbool.h>

#include "util/bytes.h"

/* What a network namespace has that changes where a connection goes, or whence it seems to come; [1] is of IPv6. */
struct conntrack_rules {
	bool sends[2];	  /* NAT rules for what it sends itself: in the hook output, */
	bool arrives[2];  /* ... for what comes to it: in prerouting, */
	bool leaves[2];	  /* ... and for what leaves it: in postrouting */
	bool forwards[2]; /* it passes on what is for others, of one device at least; known where there are such rules
			   */
	bool told;	  /* conntrack tells of events (nf_conntrack_events); likewise */
};

/*
 * Of this thread's network namespace, by the chains of nft (NFT_MSG_GETCHAIN) and the table of iptables-legacy, for
 * CAP_NET_ADMIN; whether the rules fit is not looked at.  Loads no module.
 */
void conntrack_rules_here(struct conntrack_rules *ret);

/* Of an answer's payload (NFT_MSG_NEWCHAIN): adds what a chain of NAT that is not empty is for.  Pure. */
void conntrack_parse_chain(struct bytes payload, struct conntrack_rules *to);

#endif
