/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_INBOUND_VERDICT_H
#define SYNSENT_CLI_WATCH_INBOUND_VERDICT_H

#include "core/digest.h"

/* What is known beside the packets. */
struct watch_inbound_known {
	bool sees_drops;	 /* all dropped packets are told of */
	const struct drop *drop; /* where its SYNs were dropped, or what answered them; NULL: not known */
	bool nobody_listens; /* sock_diag has no listener for it in its namespace; false: it has, or was not asked */
	bool sees_rules;     /* ... those that rules dropped, at the least */
};

/*
 * A SYN-ACK answered it at once, and was not sent again for want of an ACK.  Neither end sends again so soon as
 * SYNPROXY does, which asks the server in the client's name (net/netfilter/nf_synproxy_core.c), or as copies come.
 */
bool watch_inbound_at_once(const struct attempt *a, const struct digest *d);

/*
 * What this host did with a SYN that came to it, as the digest of its packets
 * has it: established (likely, since the final ACK is not looked at: its SYN-ACK
 * was not sent again), refused, or unanswered.  A refusal is certain where its
 * cause is known, and else likely; who gave up on what nobody answered is not
 * seen from here, so its confidence is unknown, as that of a capture's silence is.
 */
void watch_inbound_verdict(const struct attempt *a, const struct digest *d, const struct watch_inbound_known *known,
			   struct verdict *ret);

/* A SYN that comes again while its SYN-ACK waits for an ACK: no drop, though it looks like one. */
bool watch_inbound_repeated(const struct digest *d, const struct drop *drop);

/*
 * What answered was dropped, or some of it, and that is why its SYN got no answer, or a late one.  A SYN-ACK that came
 * to the client's TCP is not lost: that drops those that are not the first.
 */
bool watch_inbound_answer_is_lost(const struct digest *d, const struct drop *drop);

#endif
