/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_TABLE_H
#define SYNSENT_BPF_WATCH_TABLE_H

#include "watch_state.h"

#include <stdbool.h>

/*
 * The attempts that wait, by the address of their socket.  For watch.bpf.c alone.
 *
 * Nearly all of them find a place in a small table of the programs' own, in
 * which a look costs one line of cache and no call: a hash table of the kernel's,
 * with its lock for each change, would cost as much as all the rest.  Those that
 * find none, since so many wait, are in such a table all the same.
 */

/*
 * A socket's number.  Its address is a pointer, which the verifier lets nobody count with; the distance to another
 * pointer is a plain number (kernel/bpf/verifier.c adjust_reg_min_max_vals()), and never 0.
 */
static __always_inline __u64 key_of(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	asm("%0 -= %1" : "+r"(key) : "r"(place_keys));
	return key;
}

/* The same of an address that is a plain number already. */
static __always_inline __u64 key_of_number(__u64 sk)
{
	static volatile __u64 base;

	base = (__u64)place_keys; /* what comes back from memory is a number */
	return sk - base;
}

/* Where a key may be: the first of WATCH_WAYS places side by side, whose keys are one line of cache. */
static __always_inline __u32 places_of(__u64 key)
{
	return (__u32)(key * 0x9e3779b97f4a7c15ull >> 40) & (WATCH_PLACES - WATCH_WAYS);
}

/*
 * These are global functions, so that the verifier goes through their loops once, and not again for each path that
 * leads to a call.  The number of the key's place; WATCH_PLACES: it has none.
 */
__noinline __u32 watch_place(__u64 key)
{
	__u32 first = places_of(key);

	for (__u32 i = 0; i < WATCH_WAYS; i++) {
		if (place_keys[first + i] == key)
			return first + i;
	}
	return WATCH_PLACES;
}

/* A free place, which is the key's from now on; WATCH_PLACES: there is none. */
__noinline __u32 watch_take_place(__u64 key)
{
	__u32 first = places_of(key);

	for (__u32 i = 0; i < WATCH_WAYS; i++) {
		if (!place_keys[first + i] && !__sync_val_compare_and_swap(&place_keys[first + i], 0, key))
			return first + i;
	}
	return WATCH_PLACES;
}

static __always_inline struct watch_attempt *find_key(__u64 key)
{
	__u32 at = watch_place(key);

	if (at < WATCH_PLACES)
		return &places[at];
	return n_beyond ? bpf_map_lookup_elem(&synsent_beyond, &key) : 0;
}

static __always_inline struct watch_attempt *find(const struct sock *sk)
{
	return find_key(key_of(sk));
}

static __always_inline void forget_key(__u64 key)
{
	__u32 at = watch_place(key);

	if (at < WATCH_PLACES) {
		/* before another takes the place */
		places[at].socket = 0;
		__sync_lock_test_and_set(&place_keys[at], 0);
	} else if (n_beyond && !bpf_map_delete_elem(&synsent_beyond, &key)) {
		__sync_fetch_and_add(&n_beyond, -1);
	}
}

static __always_inline void forget(const struct sock *sk)
{
	forget_key(key_of(sk));
}

/* A record of zeros, or none: there is no room.  Its socket has none yet.  It is to be shown when it is filled in. */
static __always_inline struct watch_attempt *add(const struct sock *sk)
{
	__u64 key = key_of(sk);
	__u32 at = watch_take_place(key);

	if (at < WATCH_PLACES) {
		places[at] = nothing;
		return &places[at];
	}
	if (bpf_map_update_elem(&synsent_beyond, &key, &nothing, BPF_ANY)) {
		count(WATCH_N_NO_ROOM, 1);
		return 0;
	}
	__sync_fetch_and_add(&n_beyond, 1);
	return bpf_map_lookup_elem(&synsent_beyond, &key);
}

/* From now on those may see it who look at all that wait. */
static __always_inline void show(struct watch_attempt *a, const struct sock *sk)
{
	__sync_lock_test_and_set(&a->socket, key_of(sk));
}

#endif
