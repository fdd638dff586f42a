/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_SOCKET_H
#define SYNSENT_BPF_WATCH_SOCKET_H

#include "processes.h"
#include "watch_kernel.h"
#include "watch_state.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <stdbool.h>

/* What a socket says.  For watch.bpf.c alone. */

/* The same socket as the kind that it is: the verifier lets more of it be read.  0: it is none. */
static __always_inline const struct tcp_sock *tcp_of(const struct sock *sk)
{
	return bpf_skc_to_tcp_sock((void *)sk);
}

static __always_inline bool is_mapped(const __u32 *a)
{
	return !a[0] && !a[1] && a[2] == bpf_htonl(0xffff);
}

/* A socket of IPv6 speaks IPv4 to a mapped address (RFC 4291 section 2.5.5.2). */
static __always_inline void read_flow(const struct tcp_sock *tp, struct watch_flow *to)
{
	const struct inet_sock *inet = &tp->inet_conn.icsk_inet;
	const struct sock_common *c = &inet->sk.__sk_common;

	to->client_port = bpf_ntohs(inet->inet_sport);
	to->server_port = bpf_ntohs(c->skc_dport);
	if (c->skc_family == AF_INET6) {
		__u32 a[4], b[4];

		__builtin_memcpy(a, &c->skc_v6_rcv_saddr, sizeof(a));
		__builtin_memcpy(b, &c->skc_v6_daddr, sizeof(b));
		if (!is_mapped(b)) {
			to->family = 6;
			__builtin_memcpy(to->client.b, a, sizeof(a));
			__builtin_memcpy(to->server.b, b, sizeof(b));
			return;
		}
	}
	to->family = 4;
	*(__u32 *)to->client.b = inet->inet_saddr;
	*(__u32 *)to->server.b = c->skc_daddr;
}

static __always_inline __u32 netns_of(const struct sock *sk)
{
	return sk->__sk_common.skc_net.net->ns.inum;
}

/* Of TCP's timestamps. */
static __always_inline __u64 stamp_unit_ns(const struct tcp_sock *tp)
{
	bool us = bpf_core_field_exists(tp->tcp_usec_ts) && BPF_CORE_READ_BITFIELD_PROBED(tp, tcp_usec_ts);

	return us ? 1000 : 1000000;
}

/* The limits that count for this socket, as they are now. */
static __always_inline void read_policy(const struct tcp_sock *tp, struct watch_attempt *a)
{
	const struct inet_connection_sock *icsk = &tp->inet_conn;
	const struct netns_ipv4 *net = &icsk->icsk_inet.sk.__sk_common.skc_net.net->ipv4;

	a->syncnt = icsk->icsk_syn_retries;
	a->user_timeout_ms = icsk->icsk_user_timeout;
	a->retries = net->sysctl_tcp_syn_retries;
	if (bpf_core_field_exists(net->sysctl_tcp_syn_linear_timeouts))
		a->linear = net->sysctl_tcp_syn_linear_timeouts;
	if (bpf_core_field_exists(icsk->icsk_rto_max))
		a->rto_max_j = icsk->icsk_rto_max;
}

/* How often the kernel's timer has sent it again (net/ipv4/tcp_timer.c tcp_retransmit_timer()). */
static __always_inline void read_counts(const struct tcp_sock *tp, struct watch_attempt *a)
{
	const struct inet_connection_sock *icsk = &tp->inet_conn;

	/* tcp_ack() clears it when the SYN is acknowledged; where SYNs have crossed, it counts SYN-ACKs, too. */
	if (!(a->flags & WATCH_SIMULTANEOUS) && icsk->icsk_retransmits > a->retransmits)
		a->retransmits = icsk->icsk_retransmits;
}

#endif
