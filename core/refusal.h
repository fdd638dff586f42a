/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_REFUSAL_H
#define SYNSENT_CORE_REFUSAL_H

#include "core/attempt.h"

/*
 * What answered a SYN came to this host, and its TCP did not take it: the kernel's reason for that drop
 * (include/net/dropreason-core.h), and what it means for an attempt.
 */
struct refusal {
	const char *reason;
	const char *why;   /* "its timestamp echoes none that this attempt sent (PAWS)" */
	const char *helps; /* what to change, or to look at */
};

/* The same of an acknowledgment that is not of this SYN: of what reached the socket, as packets show it. */
#define REFUSAL_WRONG_ACK_HELPS                                                                                        \
	"what answers in the server's place or alters sequence numbers (firewall, load balancer): the acknowledgment " \
	"is not of this SYN"

/* NULL: it is no such drop, or the reason is none that is known. */
const struct refusal *refusal_of(const struct drop *d);

/* The first of an attempt's drops that is one; NULL: none is. */
const struct drop *refusal_find(const struct attempt *a);

/* "a SYN-ACK"; "an answer" where it is not known to have been one. */
const char *refusal_what(const struct attempt *a);

/* What its packets alone showed as late, since the client answered it with an RST, was not taken, where such a drop is
 * known: it becomes IGNORED_DROPPED. */
void refusal_settle(struct attempt *a);

#endif
