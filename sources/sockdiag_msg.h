/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_SOCKDIAG_MSG_H
#define SYNSENT_SOURCES_SOCKDIAG_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "util/bytes.h"

/*
 * What NETLINK_SOCK_DIAG says, from its bytes (linux/inet_diag.h); no socket is touched here.
 */

/*
 * The flow's client is the local end; in SYN_RECV the local end is the server.
 * A listener has its own end only, which stands in both places.  IPv4 through
 * an IPv6 socket is IPv4.
 */
struct sockdiag_socket {
	struct event_state state;   /* as in an EVENT_STATE; pid, policy and phase are not filled in */
	uint64_t last_data_sent_ms; /* in SYN_SENT: jiffies in ms, low 32 bits, at the time of the dump */
	uint32_t device;	    /* that it is bound to, or that its link-local address is of; 0: none */
	uint32_t total_retrans;
	uint32_t segs_in;   /* segments that came to it; 0 too on a kernel before 4.2 */
	bool was_connected; /* it was, whatever became of it: what an established one leaves behind */
	bool has_info;	    /* the kernel gave a tcp_info: rto_us, backoff, the fields above */
			    /* listeners: rqueue = connections waiting, wqueue = the backlog */
};

typedef void sockdiag_fn(const struct sockdiag_socket *s, void *user);

/* One message's payload (struct inet_diag_msg and its attributes).  0 or -EBADMSG. */
int sockdiag_parse(struct bytes payload, struct sockdiag_socket *ret);

/*
 * One datagram of messages.  Those of another sequence number than
 * `seq` are passed over.  Returns 1 at the end of the dump, 0 when more is to
 * come, or -errno: the kernel's own, -EBADMSG, or -EAGAIN (sockets changed while
 * they were read); *ret_done then says whether the end was there, and may be NULL.
 */
int sockdiag_parse_datagram(struct bytes datagram, uint32_t seq, sockdiag_fn *fn, void *user, bool *ret_done);

/*
 * The jiffy in which a socket in SYN_SENT armed its timer: `phase` of
 * core/schedule.h while retransmits is 0, and after that the jiffy of the last
 * SYN (but with a user timeout, which shortens the timer and not the RTO, too
 * early a one).  It is exact, where the time of SYN 0 as a packet is not: a SYN
 * that leaves just before a tick may find its timer armed after it.  False when
 * no timer runs, when it is due, and when the tcp_info is no longer that of a
 * socket in SYN_SENT.  `near`: jiffies about now, jiffies_at().
 *
 * The kernel reads jiffies twice for it, once for the timer and then for the
 * tcp_info; a tick in between (a few microseconds) makes it one too late, so
 * of several dumps the least is right.
 */
bool sockdiag_armed(const struct sockdiag_socket *s, int hz, uint64_t near, uint64_t *ret_jiffy);

#endif
