/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_TELL_H
#define SYNSENT_BPF_WATCH_TELL_H

#include "watch_packet.h"
#include "watch_socket.h"
#include "watch_state.h"
#include "watch_winner.h"

#include <stdbool.h>

/* What is kept of an attempt until its end, and the telling.  For watch.bpf.c alone. */

/* A reader is woken at most so often: a wake-up for each event halves the rate of connections. */
#define WAKE_NS 20000000u

static __always_inline __u64 wake_flags(struct per_cpu *c, __u64 now)
{
	if (now - c->woken_ns < WAKE_NS)
		return BPF_RB_NO_WAKEUP;
	c->woken_ns = now;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void *my_ring(void)
{
	__u32 cpu = bpf_get_smp_processor_id() % WATCH_RINGS;

	return bpf_map_lookup_elem(&synsent_told, &cpu);
}

static __always_inline void tell_first(const struct watch_attempt *a)
{
	struct per_cpu *c = mine();
	void *ring = my_ring();

	if (!ring || !c)
		return;
	if (bpf_ringbuf_output(ring, (void *)a, sizeof(*a), wake_flags(c, a->end_ns)))
		c->counts[WATCH_N_UNTOLD]++;
}

/* It is put together in the ring: on another place of this CPU, an interrupt could tell of another one meanwhile. */
static __noinline void tell_whole(const struct watch_attempt *a, struct watch_more *more)
{
	struct per_cpu *c = mine();
	void *ring = my_ring();
	struct watch_record *r;

	if (!ring || !c)
		return;
	r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);
	if (!r) {
		c->counts[WATCH_N_UNTOLD]++;
		return;
	}
	r->attempt = *a;
	r->more = *more;
	bpf_ringbuf_submit(r, wake_flags(c, a->end_ns));
}

/*
 * This and others below are global functions, so that the verifier goes through them once, and not again for each path
 * that leads to a call: that is most of the time in which they are loaded.  No caller gives such a one 0.
 */
__noinline int watch_tell(const struct watch_attempt *a)
{
	struct watch_more *more;
	__u64 key;

	if (!a)
		return 0;
	key = a->socket;
	more = a->has_more ? bpf_map_lookup_elem(&synsent_more, &key) : 0;
	if (!more) {
		tell_first(a);
		return 0;
	}
	tell_whole(a, more);
	bpf_map_delete_elem(&synsent_more, &key);
	return 0;
}

/* One that is never told would keep its room for ever. */
static __always_inline struct watch_more *more_of(struct watch_attempt *a)
{
	__u64 key = a->socket;
	struct watch_more *more;

	if (a->flags & WATCH_FILTERED)
		return 0;
	if (!a->has_more && bpf_map_update_elem(&synsent_more, &key, &nothing_more, BPF_ANY)) {
		count(WATCH_N_NO_ROOM, 1);
		return 0;
	}
	more = bpf_map_lookup_elem(&synsent_more, &key);
	a->has_more = more != 0;
	return more;
}

static __always_inline bool has_limits(const struct watch_attempt *a, const struct watch_limits *l)
{
	return a->retries == l->retries && a->linear == l->linear && a->syncnt == l->syncnt &&
	       a->user_timeout_ms == l->user_timeout_ms && a->rto_max_j == l->rto_max_j;
}

/* Once more: a sysctl or an option of the socket may have been set meanwhile. */
static __noinline void reread_policy(const struct tcp_sock *tp, struct watch_attempt *a)
{
	struct watch_limits before = { .user_timeout_ms = a->user_timeout_ms,
				       .rto_max_j = a->rto_max_j,
				       .syncnt = a->syncnt,
				       .retries = a->retries,
				       .linear = a->linear };
	struct watch_more *more;

	read_policy(tp, a);
	if (!before.retries || has_limits(a, &before))
		return;
	more = more_of(a);
	if (more && !more->before.retries)
		more->before = before;
}

/* A SYN was sent again, as that one of them. */
static __always_inline void note_resent(struct watch_attempt *a, __u32 at, __u64 us)
{
	struct watch_more *more = more_of(a);

	if (more && at < WATCH_SYNS_MAX)
		more->retrans_us[at] = us < 0xffffffff ? (__u32)us : 0;
	a->n_retrans++;
}

/* It is cleared when the SYN is acknowledged. */
static __always_inline void note_syn0(const struct tcp_sock *tp, struct watch_attempt *a)
{
	struct watch_more *more = a->n_retrans == 1 ? more_of(a) : 0;

	if (more)
		more->syn0_stamp = tp->retrans_stamp;
}

/*
 * Which SYN the SYN-ACK answers: one of SYN 0, that of a retransmission, or the last; net/ipv4/tcp_input.c
 * tcp_rcv_synsent_state_process() has taken the offset off, and refuses what lies outside.
 */
static __noinline void read_answered(const struct tcp_sock *tp, struct watch_attempt *a)
{
	struct watch_more *more = a->flags & WATCH_SIMULTANEOUS ? 0 : more_of(a);

	if (!more || !more->syn0_stamp || !BPF_CORE_READ_BITFIELD_PROBED(tp, rx_opt.saw_tstamp))
		return;
	more->answered_us = (tp->rx_opt.rcv_tsecr - more->syn0_stamp) * (__u32)(stamp_unit_ns(tp) / 1000);
	more->has_answered = tp->rx_opt.rcv_tsecr != 0;
}

__noinline int watch_add_drop(struct watch_attempt *a, const struct watch_drop *d)
{
	struct watch_more *more;

	if (!a || !d)
		return 0;
	more = more_of(a);
	for (__u32 i = 0; more && i < WATCH_DROPS_MAX; i++) {
		struct watch_drop *to = &more->drops[i];

		if (i >= a->n_drops) {
			*to = *d;
			a->n_drops = i + 1;
			return 0;
		}
		if (is_same_place(to, d) && to->reply == d->reply && to->reset == d->reset) {
			to->packets += d->packets;
			to->original |= d->original;
			to->last_ns = d->last_ns;
			return 0;
		}
	}
	return 0;
}

__noinline int watch_take_winner(struct watch_attempt *a)
{
	struct watch_winner w;
	struct watch_more *more;

	if (!a || !find_winner(a, &w))
		return 0;
	more = more_of(a);
	if (more)
		more->winner = w;
	return 0;
}

static __noinline void take_drops_of(struct watch_attempt *a, const struct watch_flow *flow)
{
	struct drop_key key = { .flow = *flow };

	for (__u32 i = 0; i < WATCH_DROP_SECOND + WATCH_DROP_INBOUND; i++) {
		struct watch_drop *d;

		if (i == WATCH_DROP_INBOUND || i == WATCH_DROP_ANSWER)
			continue;
		key.reply = i;
		d = bpf_map_lookup_elem(&synsent_drops, &key);
		/* of a former attempt with these ports, or of one elsewhere, whose it may be still */
		if (!d || d->last_ns < a->start_ns || !watch_drop_is_of(d, a->isn, a->netns))
			continue;
		watch_add_drop(a, d);
		bpf_map_delete_elem(&synsent_drops, &key);
	}
}

/* What was dropped behind NAT has other addresses. */
static __noinline void take_nat(struct watch_attempt *a)
{
	struct watch_flow flow = a->flow;
	struct watch_nat *nat = bpf_map_lookup_elem(&synsent_nat, &flow);
	struct watch_more *more;

	if (!nat)
		return;
	more = nat->at_ns >= a->start_ns ? more_of(a) : 0;
	if (more)
		more->nat = *nat;
	bpf_map_delete_elem(&synsent_nat, &flow);
	if (more)
		take_drops_of(a, &more->nat.as);
}

__noinline int watch_take_drops(struct watch_attempt *a)
{
	/* Looks at tables in which nothing of it can be cost as much as the rest of its end. */
	if (!a || kept_ns < a->start_ns)
		return 0;
	take_drops_of(a, &a->flow);
	if (a->reset_ns)
		take_nat(a);
	return 0;
}

#define DEFERRED_NS 2000000 /* retrans_stamp is in ms */

/*
 * The SYN of TCP_FASTOPEN_CONNECT leaves with the first write, where a cookie is kept (net/ipv4/tcp_fastopen.c
 * tcp_fastopen_defer_connect()).  When it did is in retrans_stamp, which is cleared when the SYN is acknowledged: then
 * the time that this took is in srtt_us.  The jiffy is that of its data.
 */
static __noinline void begin_with_syn(const struct tcp_sock *tp, struct watch_attempt *a, __u8 how)
{
	__u64 now = bpf_ktime_get_ns(), unit = stamp_unit_ns(tp), start = 0;
	struct watch_more *more;

	if (tp->retrans_stamp)
		start = (now / unit - (__u32)((__u32)(now / unit) - tp->retrans_stamp)) * unit;
	else if (how == WATCH_CONNECTED && tp->srtt_us)
		start = now - (__u64)(tp->srtt_us >> 3) * 1000;
	if (!start)
		return;
	a->flags &= ~WATCH_FASTOPEN;
	if (start < a->start_ns + DEFERRED_NS)
		return;
	more = more_of(a);
	if (more)
		more->deferred_ms = (__u32)((start - a->start_ns) / 1000000);
	now = bpf_jiffies64();
	a->jiffies = tp->lsndtime ? now - (__u32)((__u32)now - tp->lsndtime) : 0;
	a->start_ns = start;
}

/* What the socket says at its end, and it is told. */
static __noinline void end(struct watch_attempt *a, const struct tcp_sock *tp, __u8 how)
{
	if (a->flags & WATCH_FILTERED)
		return;
	a->how = how;
	a->end_ns = bpf_ktime_get_ns();
	if (a->flags & WATCH_FASTOPEN)
		begin_with_syn(tp, a, how);
	read_flow(tp, &a->flow);
	read_counts(tp, a);
	if (how == WATCH_CONNECTED)
		count(WATCH_N_CONNECTED, 1);
	else
		count(WATCH_N_ENDED, 1);
	a->cookie = (__u64)tp->inet_conn.icsk_inet.sk.__sk_common.skc_cookie.counter;
	a->isn = tp->snd_una - (how == WATCH_CONNECTED);
	if (how != WATCH_CONNECTED || a->retransmits || a->n_retrans)
		watch_take_drops(a);
	if (unkept_ns >= a->start_ns)
		a->flags |= WATCH_UNKEPT;
	/* before net/ipv4/tcp.c tcp_disconnect() clears them */
	if (!(a->flags & WATCH_SIMULTANEOUS))
		a->n_sent = tp->total_retrans;
	a->segs_in = tp->segs_in;
	if (!tp->segs_out)
		a->flags |= WATCH_UNSENT;
	/* The timer of a SYN that waits for a neighbour fires, and none is sent (__tcp_retransmit_skb()). */
	if (a->n_sent > a->n_retrans && !(a->flags & WATCH_EARLIER))
		count(WATCH_N_MISSED_RETRANS, a->n_sent - a->n_retrans);
	watch_tell(a);
}

#endif
