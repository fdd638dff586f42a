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
	uint32_t total_retrans;
	bool has_info; /* the kernel gave a tcp_info: rto_us, backoff, the two fields above */
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

#endif
