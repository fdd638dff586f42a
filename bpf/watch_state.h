/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_STATE_H
#define SYNSENT_BPF_WATCH_STATE_H

#include "kernel.h"
#include "watch_kernel.h"
#include "watch_shared.h"

#include <bpf/bpf_helpers.h>

/* What the programs are told before they run, their tables, and their counts.  For watch.bpf.c alone. */

const volatile __u32 pidns; /* of the processes that /proc shows here, its inode number; 0: the first */
const volatile __s32 filter_pids[WATCH_FILTERS_MAX];
const volatile __u32 n_pids;
const volatile char filter_comms[WATCH_FILTERS_MAX][16];
const volatile __u32 n_comms;
const volatile __u32 filter_uids[WATCH_FILTERS_MAX];
const volatile __u32 n_uids;
const volatile __u32 filter_netns[WATCH_FILTERS_MAX];
const volatile __u32 n_netns;
const volatile __u64 filter_cgroup; /* this one, and what is below it; 0: any */
const volatile __u32 filter_cgroup_level;
const volatile __s32 tree_pid;	     /* descendants of this process alone; 0: any */
const volatile __u64 plain_below_ns; /* connected sooner and by one SYN: only counted */
const volatile __u8 plain_refused;   /* refused: only counted */
/* Of a device that looks at frames that are not for it, a copy: no drop. */
const volatile __u32 other_host_reason;
const volatile __u32 no_socket_reason; /* SKB_DROP_REASON_NO_SOCKET of this kernel */
const volatile __u32 sniffer_reason;   /* SKB_DROP_REASON_PACKET_SOCK_ERROR: of a copy for a packet socket */
const volatile __u32 backlog_reason;   /* SKB_DROP_REASON_CPU_BACKLOG: of the queue of what came in */
const volatile __u32 specified_from;   /* the first reason that is one: SKB_DROP_REASON_NOT_SPECIFIED */
const volatile struct watch_dropper droppers[WATCH_DROPPERS_MAX]; /* where no reasons are told; len 0: none */
const volatile __u8 unsent_untold; /* tcp_retransmit_skb tells of no SYN that went no further than this host */
const volatile __u8 want_failed;   /* of connect() calls that fail without a SYN */
const volatile __u8 want_inbound;  /* drops of SYNs are asked for by their flow, too, whosever attempts they are */

__u64 attached_ns; /* all of this runs; what began before is no loss */
__u64 kept_ns;	   /* when a drop, or where NAT had sent one, was kept by its flow, last */
__u64 unkept_ns;   /* when one was not, last: there were too many */

/* See watch_table.h.  0: a place is free. */
__u64 place_keys[WATCH_PLACES] __attribute__((aligned(64)));
struct watch_attempt places[WATCH_PLACES];
__s64 n_beyond; /* in synsent_beyond */

/* See watch_plain.h.  0: a place is free. */
__u64 plain_tags[WATCH_PLAINS] __attribute__((aligned(64)));
struct watch_plain plains[WATCH_PLAINS] __attribute__((aligned(64)));

/* Allocated at once: an allocator that frees by RCU costs more than all the rest. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct watch_attempt);
} synsent_beyond SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct watch_more);
} synsent_more SEC(".maps");

struct drop_key {
	struct watch_flow flow;
	__u32 reply; /* WATCH_DROP_... */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct drop_key);
	__type(value, struct watch_drop);
} synsent_drops SEC(".maps");

/* By the flow as its client has it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct watch_flow);
	__type(value, struct watch_nat);
} synsent_nat SEC(".maps");

/* Several, so that CPUs do not wait for each other: each has the one of its number, modulo WATCH_RINGS. */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 21);
} synsent_ring0 SEC(".maps"), synsent_ring1 SEC(".maps"), synsent_ring2 SEC(".maps"), synsent_ring3 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, WATCH_RINGS);
	__type(key, __u32);
	__array(values, struct ring);
} synsent_told SEC(".maps") = { .values = { &synsent_ring0, &synsent_ring1, &synsent_ring2, &synsent_ring3 } };

struct per_cpu {
	__u64 counts[WATCH_COUNTS];
	__u64 woken_ns; /* of the ring's reader, for this CPU */
	__u64 plain_ns; /* when it was told of plain ones */
	__u64 drops_since_ns;
	__u32 drops;
	__u64 taken[2]; /* watch_drops.h takes() */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct per_cpu);
} synsent_counts SEC(".maps");

/* An attempt's error that its socket's connect() has still to give, and more (watch_owed.h); by the socket, or the task
 * that waits. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __s32);
} synsent_owed SEC(".maps");

__s64 n_owed;
__s64 n_untold; /* attempts with WATCH_UNTOLD */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct watch_attempt);
} synsent_scratch SEC(".maps");

/* What new records are copied from. */
static const struct watch_attempt nothing;
static const struct watch_more nothing_more;

static __always_inline struct per_cpu *mine(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&synsent_counts, &zero);
}

static __always_inline void count(enum watch_count what, __u64 n)
{
	struct per_cpu *c = mine();

	if (c)
		c->counts[what] += n;
}

#endif
