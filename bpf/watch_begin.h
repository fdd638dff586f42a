/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_BEGIN_H
#define SYNSENT_BPF_WATCH_BEGIN_H

#include "watch_owed.h"
#include "watch_plain.h"
#include "watch_process.h"
#include "watch_socket.h"
#include "watch_table.h"
#include "watch_tell.h"

/* How a record begins, and what becomes of one whose end was missed.  For watch.bpf.c alone. */

/* It is told of now, and not by the return of its connect(). */
static __always_inline void await_no_return(struct watch_attempt *a)
{
	if (!(a->flags & WATCH_UNTOLD))
		return;
	a->flags &= ~WATCH_UNTOLD;
	__sync_fetch_and_add(&n_untold, -1);
}

static __always_inline void tell_gone(struct watch_attempt *a)
{
	a->how = WATCH_SEEN_GONE;
	a->end_ns = bpf_ktime_get_ns();
	count(WATCH_N_NO_END, 1);
	watch_tell(a);
}

/* Its end was missed, and here is something that shows it over. */
static __noinline void gone(struct watch_attempt *a)
{
	await_no_return(a);
	if (a->flags & WATCH_FILTERED)
		return;
	watch_take_drops(a);
	tell_gone(a);
}

/* One that is there has been missed to end, and its address is used again. */
static __always_inline struct watch_attempt *add_anew(const struct sock *sk)
{
	struct watch_attempt *old = find(sk);

	if (old) {
		gone(old);
		forget(sk);
	}
	return add(sk);
}

/* TCP_REPAIR puts a connection back that was saved, by connect() without a SYN (net/ipv4/tcp_output.c tcp_connect()).
 */
static __always_inline bool is_repaired(const struct tcp_sock *tp)
{
	return BPF_CORE_READ_BITFIELD(tp, repair);
}

static __always_inline void begin(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_of(sk);
	__u32 netns = netns_of(sk);
	struct watch_attempt *a;

	if (tp && is_repaired(tp))
		return;
	a = add_anew(sk);
	if (!a)
		return;
	forgive_caller(key_of(sk));
	a->start_ns = bpf_ktime_get_ns();
	a->jiffies = bpf_jiffies64();
	a->netns = netns;
	if (tp && BPF_CORE_READ_BITFIELD(tp, fastopen_connect))
		a->flags |= WATCH_FASTOPEN;
	read_process(a);
	if (is_wanted_netns(netns) && is_wanted_process(a)) {
		count(WATCH_N_BEGUN, 1);
		/* For those who look while it waits.  The server is known, the port here is chosen next. */
		if (tp) {
			read_flow(tp, &a->flow);
			read_policy(tp, a);
		}
		show(a, sk);
		return;
	}
	/* It stays, or its end would look like that of one whose begin was not told. */
	a->flags |= WATCH_FILTERED;
	show(a, sk);
}

/*
 * Its begin was not told.  retrans_stamp has the clock of timestamps at SYN 0, in ms or, as tcp_usec_ts says, in us
 * (net/ipv4/tcp_output.c tcp_connect()).  A filter for processes cannot be asked any more: user space finds out whose
 * it is, by its inode.
 */
static __noinline struct watch_attempt *begin_late(const struct sock *sk, const struct tcp_sock *tp)
{
	struct watch_attempt *a;
	__u64 now = bpf_ktime_get_ns(), unit = stamp_unit_ns(tp), passed;
	__u32 netns = netns_of(sk);

	if (!is_wanted_netns(netns))
		return 0;
	a = add(sk);
	if (!a)
		return 0;
	passed = (__u32)((__u32)(now / unit) - tp->retrans_stamp);
	a->start_ns = tp->retrans_stamp ? now - passed * unit : now;
	a->netns = netns;
	a->flags = WATCH_NO_BEGIN;
	a->uid = sk->sk_uid.val;
	if (bpf_core_field_exists(sk->sk_ino))
		a->inode = sk->sk_ino;
	if (!attached_ns || a->start_ns < attached_ns)
		a->flags |= WATCH_EARLIER;
	else
		count(WATCH_N_NO_BEGIN, 1);
	show(a, sk);
	return a;
}

#endif
