/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_PLAIN_H
#define SYNSENT_BPF_WATCH_PLAIN_H

#include "watch_owed.h"
#include "watch_socket.h"
#include "watch_state.h"
#include "watch_tell.h"

#include <stdbool.h>

/*
 * Attempts that went as most do are only counted, by kind, where no line is asked for.  For watch.bpf.c alone.
 *
 * A record in the ring, its reading and its judging cost more than all the rest of such an attempt.  The kinds lie in a
 * table of the programs' own that user space reads as memory; none is ever taken out.  One that finds no place, since
 * there are too many kinds, is told like any other attempt.
 */

static __always_inline bool is_uneventful(const struct watch_attempt *a, const struct tcp_sock *tp)
{
	return !a->flags && !a->has_more && !a->n_retrans && !tp->total_retrans && !tp->inet_conn.icsk_retransmits &&
	       !a->soft_ns && a->flow.family && kept_ns < a->start_ns;
}

/* Its SYN was answered by an RST, and nobody else has ended it (watch_end.h who_closes()). */
static __always_inline bool is_plainly_refused(const struct sock *sk, const struct tcp_sock *tp,
					       const struct watch_attempt *a)
{
	return plain_refused && sk->sk_err == ECONNREFUSED && a->reset_ns && sk->sk_shutdown != SHUTDOWN_MASK &&
	       !sk->sk_err_soft && is_uneventful(a, tp);
}

/* The three bits below the highest one divide an octave into eighths. */
static __always_inline __u16 class_of(__u64 ns)
{
	__u64 us = ns / 1000;
	__u32 log = 0;

	for (int shift = 16; shift; shift >>= 1) {
		if (us >> (log + shift))
			log += shift;
	}
	return (__u16)(log * 8 + (log < 3 ? 0 : (us >> (log - 3)) & 7));
}

static __always_inline bool is_same(const struct watch_plain *p, const union watch_plain_key *k)
{
	return !((p->key.w[0] ^ k->w[0]) | (p->key.w[1] ^ k->w[1]) | (p->key.w[2] ^ k->w[2]) | (p->key.w[3] ^ k->w[3]) |
		 (p->key.w[4] ^ k->w[4]));
}

static __always_inline __u64 tag_of(const union watch_plain_key *k)
{
	__u64 h = 0;

	for (int i = 0; i < 5; i++) {
		h = (h ^ k->w[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return h | 1;
}

/* Its kind, a new one perhaps; 0: there is no place, or another CPU has not filled it in yet. */
static __always_inline struct watch_plain *kind_of(const union watch_plain_key *k)
{
	__u64 tag = tag_of(k);
	__u32 first = (__u32)(tag >> 40) & (WATCH_PLAINS - WATCH_WAYS);

	for (__u32 i = 0; i < WATCH_WAYS; i++) {
		__u32 at = (first + i) & (WATCH_PLAINS - 1);
		struct watch_plain *p = &plains[at];

		if (plain_tags[at] == tag)
			return is_same(p, k) ? p : 0;
		if (!plain_tags[at] && !__sync_val_compare_and_swap(&plain_tags[at], 0, tag)) {
			p->key.w[0] = k->w[0];
			p->key.w[1] = k->w[1];
			p->key.w[3] = k->w[3];
			p->key.w[4] = k->w[4];
			__sync_lock_test_and_set(&p->key.w[2], k->w[2]);
			return p;
		}
	}
	return 0;
}

/* User space may sleep: the first of them in a while wakes it. */
static __always_inline void ring_for_plain(__u64 now)
{
	struct per_cpu *c = mine();
	__u64 nothing_else = 0;
	void *ring;

	if (!c || now - c->plain_ns < WATCH_PLAIN_NS)
		return;
	c->plain_ns = now;
	ring = my_ring();
	if (ring)
		bpf_ringbuf_output(ring, &nothing_else, sizeof(nothing_else), BPF_RB_FORCE_WAKEUP);
}

/* False: it is to be told. */
static __noinline bool count_plain(const struct watch_attempt *a, __u8 how, __u64 now)
{
	__u64 took_ns = now - a->start_ns;
	union watch_plain_key k;
	struct watch_plain *p;

	k.server = a->flow.server;
	k.server_port = a->flow.server_port;
	k.family = a->flow.family;
	k.how = how;
	k.time = class_of(took_ns);
	k.cpu = (__u16)(bpf_get_smp_processor_id() % WATCH_RINGS);
	__builtin_memcpy(k.comm, a->comm, sizeof(k.comm));
	p = kind_of(&k);
	if (!p)
		return false;
	__sync_fetch_and_add(&p->took_ns, took_ns);
	p->last_ns = now;
	__sync_fetch_and_add(&p->n, 1);
	count(how == WATCH_CONNECTED ? WATCH_N_CONNECTED : WATCH_N_ENDED, 1);
	ring_for_plain(now);
	return true;
}

static __always_inline bool is_counted_connected(const struct watch_attempt *a, const struct tcp_sock *tp, __u64 now)
{
	return plain_below_ns && is_uneventful(a, tp) && now - a->start_ns < plain_below_ns &&
	       count_plain(a, WATCH_CONNECTED, now);
}

static __always_inline bool is_counted_refused(const struct sock *sk, const struct tcp_sock *tp,
					       const struct watch_attempt *a)
{
	return is_plainly_refused(sk, tp, a) && count_plain(a, WATCH_ENDED, bpf_ktime_get_ns());
}

#endif
