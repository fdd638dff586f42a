/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_REPLIES_H
#define SYNSENT_CORE_VERDICT_REPLIES_H

#include "core/verdict.h"

/* The outcomes that a reply brings, and what replies tell.  Private to core/verdict*.c. */

/* An ICMP error ends the wait, or is passed on, this soon after it came; else it waited as a soft error. */
#define ICMP_ACTS_WITHIN_NS 100000000LL

/* A socket that is looked at now and then was gone before that was seen: the end, or the last moment when it was there.
 */
int64_t ended_at_the_soonest_ns(const struct attempt *a);

void refused(const struct attempt *a, struct verdict *v, enum confidence c);

/* There must be an ICMP that was accepted. */
void unreachable(const struct attempt *a, struct verdict *v, enum confidence c);

/* The evidence of one that ended nothing, and that a client is not told of, as it is of IPv4's. */
void say_soft_icmp6(const struct reply *icmp, struct verdict *v);

bool is_port_unreachable(const struct reply *r);

/* The first reply of that kind that was accepted, or NULL; the last ICMP that was. */
const struct reply *first_accepted(const struct attempt *a, enum reply_kind kind);
const struct reply *last_icmp(const struct attempt *a);

/* Another SYN left after that ICMP, or the socket was there still, so it did not end the wait. */
bool outlived_icmp(const struct attempt *a, const struct reply *icmp);

/* 3/1, or 1/3 in ICMPv6, from this host itself: neither the server nor its gateway answered ARP or ND. */
bool is_no_neighbour(const struct attempt *a, const struct reply *icmp);

/* The SYN that this host itself dropped for that, when the attempt ended; or NULL. */
const struct drop *neighbour_drop(const struct attempt *a);

/* That one, where it ended the wait though the kernel gave ETIMEDOUT; or NULL. */
const struct drop *ended_by_neighbour(const struct attempt *a, const struct verdict *v);

/* A rule of this host that rejects: its ICMP comes from here, too. */
bool drop_by_firewall(const struct attempt *a);

/* A rule of this host's own firewall took each SYN on its way out. */
bool is_rejected_here(const struct attempt *a);

/* An ICMP error of this host itself, about a SYN that it did not let out. */
bool is_of_own_rule(const struct attempt *a, const struct reply *icmp);

/* Headline and advice for one that answered with an ICMP error; NULL: which one is not known. */
void rejected_here(struct verdict *v, const struct reply *icmp);

/* Headline and advice for want of a neighbour. */
void no_neighbour(const struct attempt *a, struct verdict *v);

/* Unreachable for that, by neighbour_drop(). */
void neighbour_failed(const struct attempt *a, const struct drop *d, struct verdict *v, enum confidence c);

/* The evidence that struct attempt.silent_hop is. */
void say_silent_hop(const struct attempt *a, struct verdict *v);

/* What came back, if anything did, and what could not be seen. */
void say_silence(const struct attempt *a, struct verdict *v);

#endif
