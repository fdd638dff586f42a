/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_END_H
#define SYNSENT_BPF_WATCH_END_H

#include "watch_owed.h"
#include "watch_process.h"
#include "watch_socket.h"
#include "watch_tell.h"

/* What a socket says at its end: who ended it, and by what.  For watch.bpf.c alone. */

/*
 * A connect() that fails before its SYN closes the socket, too, by itself (net/ipv4/tcp_ipv4.c tcp_v4_connect()): then
 * no close() was called, and the socket is not yet one that is connecting (net/ipv4/af_inet.c __inet_stream_connect()).
 */
static __always_inline __u8 who_closes(const struct sock *sk, const struct watch_attempt *a)
{
	/*
	 * What net/ipv4/tcp.c tcp_disconnect() leaves in one that it took out of SYN_SENT; an RST gives ECONNREFUSED,
	 * and ECONNRESET where SYNs had crossed (net/ipv4/tcp_input.c tcp_reset()).
	 */
	if (sk->sk_err == ECONNRESET)
		return a->reset_ns ? WATCH_KERNEL : WATCH_PROGRAM;
	if (sk->sk_err)
		return WATCH_KERNEL;
	if (sk->sk_shutdown == SHUTDOWN_MASK)
		return WATCH_PROGRAM;
	return sk->sk_socket && sk->sk_socket->state != NOT_CONNECTING ? WATCH_PROGRAM : WATCH_NOBODY_KNOWN;
}

/*
 * Of the newest error in the socket's queue: IPv4 puts ICMP there in SYN_SENT, asked or not (tcp_v4_err()).  Its data
 * is the segment that it quotes; what an earlier attempt of this socket left there quotes that one's.  Returns its
 * errno; 0: there is none.
 */
static __noinline __u32 read_icmp(const struct sock *sk, const struct tcp_sock *tp, struct watch_attempt *a)
{
	const void *head = &sk->sk_error_queue;
	const struct sk_buff *skb = sk->sk_error_queue.prev;
	const struct sock_exterr_skb *err;
	struct sock_extended_err ee;
	const unsigned char *ip;
	__be32 quoted[2]; /* the ports, and the sequence number */

	if (!skb || (const void *)skb == head)
		return 0;
	if (bpf_probe_read_kernel(quoted, sizeof(quoted), BPF_CORE_READ(skb, data)) ||
	    bpf_ntohl(quoted[1]) != tp->snd_una)
		return 0;
	err = (const void *)skb + bpf_core_field_offset(struct sk_buff, cb);
	if (bpf_probe_read_kernel(&ee, sizeof(ee),
				  (const void *)err + bpf_core_field_offset(struct sock_exterr_skb, ee)))
		return 0;
	a->icmp_own = BPF_CORE_READ(skb, skb_iif) == LOOPBACK_IFINDEX;
	a->icmp_origin = ee.ee_origin;
	a->icmp_type = ee.ee_type;
	a->icmp_code = ee.ee_code;
	ip = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	if (ee.ee_origin == SO_EE_ORIGIN_ICMP)
		a->icmp_has_from = !bpf_probe_read_kernel(a->icmp_from.b, 4, ip + 12);
	else if (ee.ee_origin == SO_EE_ORIGIN_ICMP6)
		a->icmp_has_from = !bpf_probe_read_kernel(a->icmp_from.b, 16, ip + 8);
	return ee.ee_errno;
}

static __noinline void read_end(const struct sock *sk, const struct tcp_sock *tp, struct watch_attempt *a)
{
	__u32 of_icmp = 0;

	a->error = sk->sk_err;
	a->by = who_closes(sk, a);
	reread_policy(tp, a);
	if (a->by == WATCH_PROGRAM)
		watch_read_closer(a);
	if ((const void *)sk->sk_error_queue.next != &sk->sk_error_queue)
		of_icmp = read_icmp(sk, tp, a);
	if (sk->sk_err_soft) {
		a->soft_error = sk->sk_err_soft;
		/* getsockopt(SO_ERROR) takes it from there, recvmsg(MSG_ERRQUEUE) what tells of it from the queue */
		if (of_icmp == (__u32)sk->sk_err_soft)
			a->flags |= WATCH_SOFT_LEFT;
	}
}

/*
 * In sk_err may also be what reading the error queue left there (net/core/skbuff.c sock_dequeue_err_skb()), and the
 * socket waits on.  close() sets the shutdown before the state (net/ipv4/tcp.c __tcp_close()), tcp_done() after it.
 */
static __noinline void program_closes(struct watch_attempt *a)
{
	a->error = 0;
	a->by = WATCH_PROGRAM;
	watch_read_closer(a);
}

#endif
