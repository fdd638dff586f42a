/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "watch_begin.h"
#include "watch_call.h"
#include "watch_drops.h"
#include "watch_end.h"
#include "watch_failed.h"
#include "watch_owed.h"
#include "watch_packet.h"
#include "watch_plain.h"
#include "watch_process.h"
#include "watch_socket.h"
#include "watch_table.h"
#include "watch_tell.h"

#include <bpf/bpf_tracing.h>

/*
 * Theory of operation.  One record per attempt lies in a table
 * (watch_table.h), found by the socket, from the moment when it goes from CLOSE to
 * SYN_SENT, which is in the process that connects, until it leaves SYN_SENT.  Events in
 * between (a SYN sent again, an ICMP error, an RST) write into it; it is told to
 * user space once, at its end, with all that the socket says then: who ended it
 * is in sk_err at that moment, and later nowhere.
 *
 * Events of a tracepoint get lost while anybody attaches to it or detaches, and
 * where an interrupt meets the same program on the same CPU (recursion_misses).  So
 * each of them can be missed: an attempt without a begin is made when something
 * else tells of it (retrans_stamp says when it began), a SYN that no event told
 * of is in the kernel's count, and an end that was missed is learned from the
 * error report, what connect() returns, the destruction, or the next use of the
 * address.
 *
 * A packet that is dropped is found by its socket where it still has one, else
 * by its addresses and ports, in a second table; what is there is taken over at
 * the attempt's end, since a SYN's port is not chosen yet when it begins.  Where
 * a SYN of this host comes to another namespace of it, the same drop is asked for by
 * both sides, as is that of what answers it: for that of the listener it is kept a
 * second time, which no attempt takes.
 */

/* ---- begin ---- */

/* A SYN that was sent again told of it first; or this is another process that has the socket, and may be asked for. */
static __always_inline bool is_to_be_named(const struct watch_attempt *a)
{
	return a->flags & WATCH_NO_BEGIN && (!a->pid || a->flags & WATCH_FILTERED);
}

/*
 * What waits already when this is loaded: run once for each descriptor of each process.  Several may have the same
 * socket, and the first that is asked for, mostly the oldest, is taken.  User space asks for what is_listed() cannot.
 */
SEC("iter/task_file")
int synsent_earlier(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	const struct tcp_sock *tp;
	struct watch_attempt *a;
	struct socket *socket;
	const struct sock *sk;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file((void *)file);
	sk = socket ? socket->sk : 0;
	tp = sk ? tcp_of(sk) : 0;
	if (!tp || sk->__sk_common.skc_state != TCP_SYN_SENT)
		return 0;
	a = find(sk);
	if (a && !is_to_be_named(a))
		return 0;
	if (!a)
		a = begin_late(sk, tp);
	if (!a)
		return 0;
	read_holder(task, a);
	read_flow(tp, &a->flow);
	read_policy(tp, a);
	read_counts(tp, a);
	a->flags &= ~WATCH_FILTERED;
	if (!is_listed(a))
		a->flags |= WATCH_FILTERED;
	else if (a->flags & WATCH_EARLIER)
		count(WATCH_N_BEGUN, 1);
	/* Another CPU may have told of its end meanwhile. */
	if (sk->__sk_common.skc_state != TCP_SYN_SENT)
		forget(sk);
	return 0;
}

/* ---- end ---- */

/* What MPTCP took: tcp_write_err() gives the one, and the other is where it was put (__mptcp_error_report()). */
static __always_inline __s32 taken_error(const struct sock *sk, const struct tcp_sock *tp)
{
	const struct mptcp_subflow_context *of = tp->inet_conn.icsk_ulp_data;

	if (!bpf_core_field_exists(tp->is_mptcp) || !tp->is_mptcp || !bpf_core_field_exists(of->conn))
		return 0;
	if (!tp->inet_conn.icsk_pending)
		return sk->sk_err_soft ? sk->sk_err_soft : ETIMEDOUT;
	return BPF_CORE_READ(of, conn, sk_err);
}

/*
 * Up to 6.9 an ICMP error and the timer report their error before they end the socket, as does SOCK_DESTROY, and MPTCP
 * takes it at that.  The two wait until no process has the socket (net/ipv4/tcp_ipv4.c tcp_v4_err(),
 * net/ipv4/tcp_timer.c tcp_write_timer()).  A process that disconnects has it, and its error may be what was read from
 * the error queue: no ICMP gives ETIMEDOUT or ECONNABORTED.
 */
static __noinline void weigh_end(const struct sock *sk, const struct tcp_sock *tp, struct watch_attempt *a)
{
	if (!sk->sk_lock.owned) {
		if (!a->error)
			a->error = taken_error(sk, tp);
		if (a->error || a->by == WATCH_PROGRAM)
			a->by = a->error ? WATCH_KERNEL : WATCH_DOUBTFUL;
	} else if (a->error && sk->sk_shutdown == SHUTDOWN_MASK) {
		program_closes(a);
	} else if (a->flags & WATCH_ERROR_READ && !a->reset_ns && a->error && a->error != ETIMEDOUT &&
		   a->error != ECONNABORTED) {
		a->by = WATCH_DOUBTFUL;
	}
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(synsent_state, const struct sock *sk, int from, int to)
{
	const struct tcp_sock *tp;
	struct watch_attempt *a;
	__u64 now;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (to == TCP_SYN_SENT) {
		begin(sk);
		return 0;
	}
	if (from != TCP_SYN_SENT && from != TCP_SYN_RECV)
		return 0;
	a = find(sk);
	tp = tcp_of(sk);
	if (!tp || is_repaired(tp))
		return 0;
	if (!a && from == TCP_SYN_SENT)
		a = begin_late(sk, tp);
	if (!a)
		return 0;
	if (to == TCP_SYN_RECV) {
		/* What is sent again from now on is its SYN-ACK. */
		read_counts(tp, a);
		a->n_sent = tp->total_retrans;
		a->flags |= WATCH_SIMULTANEOUS;
		return 0;
	}
	if (to == TCP_ESTABLISHED) {
		if (a->n_retrans) {
			reread_policy(tp, a);
			read_answered(tp, a);
		}
		now = bpf_ktime_get_ns();
		if (!(a->flags & WATCH_FILTERED))
			note_winner(a, now);
		if (!is_counted_connected(a, tp, now))
			end(a, tp, WATCH_CONNECTED);
	} else if (!is_counted_refused(sk, tp, a)) {
		read_end(sk, tp, a);
		weigh_end(sk, tp, a);
		/* net/ipv4/tcp_timer.c tcp_write_timer_handler() clears it; tcp_done() does so after this */
		a->timer = tp->inet_conn.icsk_pending ? WATCH_TIMER_WAITED : WATCH_TIMER_FIRED;
		if (a->by != WATCH_NOBODY_KNOWN) {
			owe(sk, tp, a);
			if (a->by == WATCH_PROGRAM && !a->exiting)
				watch_take_winner(a);
			end(a, tp, WATCH_ENDED);
		} else {
			/* the return of its call tells of it: the error is known there */
			owe_for_port(a->socket);
			if (!(a->flags & (WATCH_NO_BEGIN | WATCH_FILTERED)))
				count(WATCH_N_BEGUN, -1ull);
		}
	}
	forget(sk);
	return 0;
}

/* ---- in between ---- */

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(synsent_retransmit, const struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_sock *tp;
	struct watch_attempt *a;
	__u64 us;
	__u32 at;

	if (sk->__sk_common.skc_state != TCP_SYN_SENT)
		return 0;
	tp = tcp_of(sk);
	if (!tp)
		return 0;
	a = find(sk);
	if (!a)
		a = begin_late(sk, tp);
	if (!a || a->flags & WATCH_FILTERED)
		return 0;
	if (sk->sk_err_soft)
		a->soft_error = sk->sk_err_soft;
	if (a->flags & WATCH_FASTOPEN)
		begin_with_syn(tp, a, WATCH_PENDING);
	us = (bpf_ktime_get_ns() - a->start_ns) / 1000;
	a->isn = tp->snd_una;
	read_counts(tp, a);
	/* It is in the kernel's count (tcp_update_rto_stats(), 6.7; afterwards before), and doubles the RTO afterwards.
	 */
	if (a->retransmits <= 1 && !a->n_retrans)
		a->rto_first_j = tp->inet_conn.icsk_rto;
	/* None was sent: there is no route, or the one before is in a queue still.  Or its drop told of it (6.12). */
	if (tp->total_retrans <= a->n_retrans)
		return 0;
	at = a->retransmits > a->n_retrans + 1 ? a->retransmits - 1u : a->n_retrans;
	note_resent(a, at, us);
	note_syn0(tp, a);
	read_flow(tp, &a->flow);
	reread_policy(tp, a);
	return 0;
}

/*
 * A blocking connect() took the error, and disconnects (net/ipv4/af_inet.c __inet_stream_connect()): its return tells
 * of it.  One that is taken back by AF_UNSPEC is connecting still.
 */
static __always_inline bool is_told_by_return(const struct sock *sk)
{
	return want_failed && sk->sk_socket && sk->sk_socket->state == NOT_CONNECTING;
}

/* With sk_err 0, in SYN_SENT: an ICMP error came that does not end it. */
SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(synsent_error, const struct sock *sk)
{
	const struct tcp_sock *tp;
	struct watch_attempt *a;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	a = find(sk);
	tp = a ? tcp_of(sk) : 0;
	if (!tp)
		return 0;
	if (sk->__sk_common.skc_state == TCP_SYN_SENT) {
		if (sk->sk_err)
			a->flags |= WATCH_ERROR_READ;
		if (!a->soft_ns)
			a->soft_ns = bpf_ktime_get_ns();
		a->soft_error = sk->sk_err_soft;
		if (bpf_core_field_exists(tp->is_mptcp) && tp->is_mptcp)
			a->flags |= WATCH_MPTCP;
		read_icmp(sk, tp, a);
	} else if (sk->__sk_common.skc_state == TCP_CLOSE) {
		/* Its end was missed: the state is set before the error is reported. */
		read_end(sk, tp, a);
		if (a->error) {
			count(WATCH_N_NO_END, 1);
			owe(sk, tp, a);
			end(a, tp, WATCH_ENDED);
		} else {
			a->by = WATCH_NOBODY_KNOWN;
			read_counts(tp, a);
			if (is_told_by_return(sk)) {
				watch_take_drops(a);
				a->flags |= WATCH_UNTOLD;
				__sync_fetch_and_add(&n_untold, 1);
				return 0;
			}
			gone(a);
		}
		forget(sk);
	}
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(synsent_reset, struct sock *sk)
{
	struct watch_attempt *a;

	if (sk->__sk_common.skc_state != TCP_SYN_SENT && sk->__sk_common.skc_state != TCP_SYN_RECV)
		return 0;
	a = find(sk);
	if (a)
		a->reset_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(synsent_destroy, struct sock *sk)
{
	struct watch_attempt *a = find(sk);
	const struct tcp_sock *tp;

	forgive(key_of(sk));
	if (!a)
		return 0;
	/* What is left in it may be what the program has read already. */
	tp = sk->__sk_common.skc_state == TCP_CLOSE ? tcp_of(sk) : 0;
	if (tp) {
		read_counts(tp, a);
		read_end(sk, tp, a);
	}
	gone(a);
	forget(sk);
	return 0;
}

/* ---- connect() that fails without a SYN ---- */

/* The one or the other: this one where the kernel takes it ... */
SEC("fexit/inet_stream_connect")
int BPF_PROG(synsent_connect, struct socket *socket, void *address, int len, int flags, int ret)
{
	struct address to = { 0 };
	const struct sock *sk;

	if (!is_looked_at(ret))
		return 0;
	sk = BPF_CORE_READ(socket, sk);
	if (!is_of_tcp(sk) || bpf_probe_read_kernel(to.b, 16, address) ||
	    (family_of(&to) == AF_INET6 && bpf_probe_read_kernel(to.b, sizeof(to.b), address)))
		return 0;
	take_none_if_short(&to, len);
	return tell_failed(sk, key_of_number((__u64)connecting_one(sk)), &to, -ret, true);
}

/* ... and this one, which comes with the return of every system call of the host, elsewhere. */
SEC("tp_btf/sys_exit")
int BPF_PROG(synsent_exit, struct pt_regs *regs, long ret)
{
	return is_looked_at(ret) ? note_failed_call(regs, (__s32)-ret) : 0;
}

/* ---- dropped packets ---- */

/* It came to where nobody listens: that tells more than the RST alone where a rule had sent it there. */
static __always_inline bool is_redirected(const struct sk_buff *skb)
{
	const struct nf_conn *nat = translated(skb);

	return nat && is_sent_elsewhere(nat);
}

static __always_inline bool is_drop(const struct sk_buff *skb, unsigned int reason)
{
	if (reason < specified_from || reason == other_host_reason || reason == sniffer_reason)
		return false;
	return reason != no_socket_reason || is_redirected(skb);
}

/* Where the tracepoint tells a reason (5.18) ... */
SEC("tp_btf/kfree_skb")
int BPF_PROG(synsent_drop, struct sk_buff *skb, void *location, unsigned int reason)
{
	return is_drop(skb, reason) ? note_drop(FIRST_OF_TWO, skb, location, reason) : 0;
}

/* ... also in an interrupt, while that runs; it must stand behind it, since that is the order in which they run ... */
SEC("tp_btf/kfree_skb")
int BPF_PROG(synsent_drop_in, struct sk_buff *skb, void *location, unsigned int reason)
{
	return is_drop(skb, reason) ? note_drop(SECOND_OF_TWO, skb, location, reason) : 0;
}

/* ... and where it has none: there kfree_skb() is called for what is no drop, too. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(synsent_drop_at, struct sk_buff *skb, void *location)
{
	__u32 at = dropper_at((__u64)location);

	return at < WATCH_DROPPERS_MAX ? note_drop(FIRST_OF_TWO, skb, location, WATCH_REASON_BY_PLACE + at) : 0;
}

/* ---- NAT ---- */

SEC("fentry/nf_ct_kill_acct")
int BPF_PROG(synsent_forgotten, const struct nf_conn *ct)
{
	note_nat(ct);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
