/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_WINNER_H
#define SYNSENT_BPF_WATCH_WINNER_H

#include "watch_state.h"

#include <stdbool.h>

/*
 * What each process connected to last, by port: an attempt to another address that it closes just afterwards lost the
 * race between them (Happy Eyeballs, RFC 8305).  Whether it did is user space's to say.  For watch.bpf.c alone.
 */

#define WINNERS 1024		 /* places, a power of 2; who meets another one in a place forgets it */
#define WINNER_FOR_NS 100000000u /* nobody asks for one after that */

/* Written without a lock: `check` fits the rest, or two CPUs wrote it at once. */
struct winner {
	struct watch_winner w;
	__s32 pid;
	__u32 netns;
	__u32 port;
	__u64 check;
};

static struct winner winners[WINNERS];

static __always_inline struct winner *winner_place(const struct watch_attempt *a)
{
	__u32 at = ((__u32)a->pid * 0x9e3779b1u) ^ (a->flow.server_port * 0x85ebca6bu);

	return &winners[(at ^ at >> 16) & (WINNERS - 1)];
}

static __always_inline __u64 winner_check(const struct winner *w)
{
	__u64 addr[2];

	__builtin_memcpy(addr, w->w.server.b, sizeof(addr));
	return w->w.at_ns + 3 * w->w.before_ns + 5 * addr[0] + 7 * addr[1] + 11 * (__u64)w->w.family +
	       13 * ((__u64)w->netns << 32 | (__u32)w->pid) + 17 * (__u64)w->port;
}

static __always_inline bool is_winner_of(const struct winner *w, const struct watch_attempt *a)
{
	return w->pid == a->pid && w->port == a->flow.server_port && w->netns == a->netns;
}

/* It has connected. */
static __always_inline void note_winner(const struct watch_attempt *a, __u64 now)
{
	struct winner *place = winner_place(a);
	struct winner w = {
		.w = { .server = a->flow.server, .at_ns = now, .family = a->flow.family },
		.pid = a->pid,
		.netns = a->netns,
		.port = a->flow.server_port,
	};

	if (!a->pid)
		return;
	if (is_winner_of(place, a))
		w.w.before_ns = place->w.at_ns;
	w.check = winner_check(&w);
	*place = w;
}

/* Its program closes it: what had it connected to just before? */
static __always_inline bool find_winner(const struct watch_attempt *a, struct watch_winner *ret)
{
	struct winner w = *winner_place(a);

	if (!a->pid || !is_winner_of(&w, a) || w.check != winner_check(&w) || w.w.at_ns < a->start_ns ||
	    bpf_ktime_get_ns() - w.w.at_ns > WINNER_FOR_NS)
		return false;
	*ret = w.w;
	return true;
}

#endif
