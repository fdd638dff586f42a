/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel.h"
#include "watch_shared.h"
#include "here_tree.h"
#include "watch_kernel.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include <stdbool.h>

/*
 * Theory of operation.  One record per attempt lies in a hash table, keyed by
 * the socket's address, from the moment when it goes from CLOSE to SYN_SENT,
 * which is in the process that connects, until it leaves SYN_SENT.  Events in
 * between (a SYN sent again, an ICMP error, an RST) write into it; it is told to
 * user space once, at its end, with all that the socket says then: who ended it
 * is in sk_err at that moment, and later nowhere.
 *
 * Events of a tracepoint get lost while anybody attaches to it or detaches.  So
 * each of them can be missed: an attempt without a begin is made when something
 * else tells of it (retrans_stamp says when it began), a SYN that no event told
 * of is in the kernel's count, and an end that was missed is learned from the
 * error report, the destruction, or the next use of the address.
 *
 * A packet that is dropped is found by its socket where it still has one, else
 * by its addresses and ports, in a second table; what is there is taken over at
 * the attempt's end, since a SYN's port is not chosen yet when it begins.
 */
const volatile __u32 level; /* of this tool's PID namespace; 0: the first */
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
const volatile __u64 quiet_below_ns; /* connected sooner and by one SYN: only counted */
/* Of a device that looks at frames that are not for it, a copy: no drop. */
const volatile __u32 other_host_reason;
const volatile __u32 no_socket_reason; /* SKB_DROP_REASON_NO_SOCKET of this kernel */
const volatile __u32 specified_from;   /* the first reason that is one: SKB_DROP_REASON_NOT_SPECIFIED */
const volatile __u8 want_drops;
const volatile __u8 want_failed; /* of connect() calls that fail without a SYN */

__u64 attached_ns; /* all of this runs; what began before is no loss */
__u64 kept_ns;	   /* when a drop was kept by its flow, last */

/* Allocated at once: an allocator that frees by RCU costs more than all the rest. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct watch_attempt);
} synsent_open SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct watch_more);
} synsent_more SEC(".maps");

struct drop_key {
	struct watch_flow flow;
	__u32 reply;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct drop_key);
	__type(value, struct watch_drop);
} synsent_drops SEC(".maps");

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
	__u64 quiet[2][WATCH_TIMES];
	__u64 woken_ns; /* of the ring's reader, for this CPU */
	__u64 drops_since_ns;
	__u32 drops;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct per_cpu);
} synsent_counts SEC(".maps");

/* Which sockets of a thread had an attempt: the error that connect() then gives is that attempt's. */
struct connecting {
	__u64 socket;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connecting);
} synsent_threads SEC(".maps");

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

/* ---- what a socket says ---- */

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

	/* inet_csk_delete... leaves it alone; tcp_ack() clears it when the SYN is acknowledged. */
	if (icsk->icsk_retransmits > a->retransmits)
		a->retransmits = icsk->icsk_retransmits;
	if (bpf_core_field_exists(tp->total_rto) && tp->total_rto > a->total_rto)
		a->total_rto = tp->total_rto;
}

/* ---- whose it is ---- */

static __always_inline __s32 pid_of(struct task_struct *leader)
{
	if (!level)
		return (__s32)(bpf_get_current_pid_tgid() >> 32);
	return number_at(leader, (int)level);
}

static __always_inline void read_process(struct watch_attempt *a)
{
	struct task_struct *leader = bpf_get_current_task_btf()->group_leader;

	a->pid = pid_of(leader);
	a->uid = (__u32)bpf_get_current_uid_gid();
	a->cgroup = bpf_get_current_cgroup_id();
	a->cgroup_known = 1;
	__builtin_memcpy(a->comm, leader->comm, sizeof(a->comm));
	if (leader->flags & PF_KTHREAD)
		a->flags |= WATCH_THREAD_KERNEL;
}

/* Who closes it; a timer or an interrupt runs in anybody's name and must not ask. */
static __always_inline void read_closer(struct watch_attempt *a)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	unsigned int flags = BPF_CORE_READ(task, flags);

	a->closer_pid = pid_of(BPF_CORE_READ(task, group_leader));
	a->exiting = (flags & PF_EXITING) != 0;
	a->exit_code = a->exiting ? BPF_CORE_READ(task, exit_code) : 0;
}

#define ANCESTORS_MAX 48

static __always_inline bool is_in_tree(void)
{
	struct task_struct *task = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), group_leader);

	for (int i = 0; i < ANCESTORS_MAX; i++) {
		__s32 pid = BPF_CORE_READ(task, tgid);

		if (pid == tree_pid)
			return i > 0;
		if (pid <= 1)
			break;
		task = BPF_CORE_READ(task, real_parent);
	}
	return false;
}

static __always_inline bool same_comm(const volatile char *a, const char *b)
{
	for (int i = 0; i < 16; i++) {
		if (a[i] != b[i])
			return false;
		if (!a[i])
			break;
	}
	return true;
}

static __always_inline bool is_wanted_process(const struct watch_attempt *a)
{
	bool found = !n_pids;

	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++)
		found |= i < n_pids && filter_pids[i] == a->pid;
	if (!found)
		return false;
	found = !n_uids;
	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++)
		found |= i < n_uids && filter_uids[i] == a->uid;
	if (!found)
		return false;
	found = !n_comms;
	for (__u32 i = 0; i < WATCH_FILTERS_MAX && !found; i++)
		found |= i < n_comms && same_comm(filter_comms[i], a->comm);
	if (!found)
		return false;
	if (filter_cgroup && bpf_get_current_ancestor_cgroup_id((int)filter_cgroup_level) != filter_cgroup)
		return false;
	return !tree_pid || is_in_tree();
}

static __always_inline bool is_wanted_netns(__u32 netns)
{
	bool found = !n_netns;

	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++)
		found |= i < n_netns && filter_netns[i] == netns;
	return found;
}

/* ---- telling ---- */

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
static __always_inline void tell_whole(const struct watch_attempt *a, struct watch_more *more)
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

static __always_inline void tell(const struct watch_attempt *a)
{
	__u64 key = a->socket;
	struct watch_more *more = a->has_more ? bpf_map_lookup_elem(&synsent_more, &key) : 0;

	if (!more) {
		tell_first(a);
		return;
	}
	tell_whole(a, more);
	bpf_map_delete_elem(&synsent_more, &key);
}

static __always_inline struct watch_more *more_of(struct watch_attempt *a)
{
	__u64 key = a->socket;
	struct watch_more *more;

	if (!a->has_more && bpf_map_update_elem(&synsent_more, &key, &nothing_more, BPF_ANY)) {
		count(WATCH_N_NO_ROOM, 1);
		return 0;
	}
	more = bpf_map_lookup_elem(&synsent_more, &key);
	a->has_more = more != 0;
	return more;
}

static __always_inline void add_drop(struct watch_attempt *a, const struct watch_drop *d)
{
	struct watch_more *more = more_of(a);

	for (__u32 i = 0; more && i < WATCH_DROPS_MAX; i++) {
		struct watch_drop *to = &more->drops[i];

		if (i >= a->n_drops) {
			*to = *d;
			a->n_drops = i + 1;
			return;
		}
		if (to->reason == d->reason && to->location == d->location && to->reply == d->reply &&
		    to->reset == d->reset) {
			to->packets += d->packets;
			to->last_ns = d->last_ns;
			return;
		}
	}
}

static __always_inline void take_drops(struct watch_attempt *a)
{
	struct drop_key key = { .flow = a->flow };

	/* Three looks at a table in which nothing of it can be cost as much as the rest of its end. */
	if (kept_ns < a->start_ns)
		return;
	for (key.reply = 0; key.reply < 3; key.reply++) {
		struct watch_drop *d = bpf_map_lookup_elem(&synsent_drops, &key);

		/* of a former attempt with these ports */
		if (d && d->last_ns >= a->start_ns)
			add_drop(a, d);
		if (d)
			bpf_map_delete_elem(&synsent_drops, &key);
	}
}

static __always_inline bool is_quiet(const struct watch_attempt *a)
{
	return a->how == WATCH_CONNECTED && !a->n_retrans && !a->retransmits && !a->has_more && !a->flags &&
	       a->end_ns - a->start_ns < quiet_below_ns;
}

static __always_inline void count_quietly(const struct watch_attempt *a)
{
	__u64 us = (a->end_ns - a->start_ns) / 1000;
	struct per_cpu *c = mine();
	__u32 log = 0, at, six = a->flow.family == 6;

	for (int shift = 16; shift; shift >>= 1) {
		if (us >> (log + shift))
			log += shift;
	}
	/* The two bits below the highest one divide an octave into quarters. */
	at = log < 2 ? log * 4 : log * 4 + ((us >> (log - 2)) & 3);
	if (!c)
		return;
	c->counts[WATCH_N_QUIET]++;
	c->quiet[six & 1][at & (WATCH_TIMES - 1)]++;
}

/* What the socket says at its end, and it is told. */
static __always_inline void end(struct watch_attempt *a, const struct tcp_sock *tp, __u8 how)
{
	if (a->flags & WATCH_FILTERED)
		return;
	a->how = how;
	a->end_ns = bpf_ktime_get_ns();
	read_flow(tp, &a->flow);
	read_counts(tp, a);
	if (how == WATCH_CONNECTED)
		count(WATCH_N_CONNECTED, 1);
	else
		count(WATCH_N_ENDED, 1);
	if (quiet_below_ns && is_quiet(a)) {
		count_quietly(a);
		return;
	}
	a->cookie = (__u64)tp->inet_conn.icsk_inet.sk.__sk_common.skc_cookie.counter;
	a->isn = tp->snd_una - (how == WATCH_CONNECTED);
	if (want_drops && (how != WATCH_CONNECTED || a->retransmits || a->n_retrans))
		take_drops(a);
	/* The timer of a SYN that waits for a neighbour fires, and none is sent (__tcp_retransmit_skb()). */
	if (tp->total_retrans > a->n_retrans && !(a->flags & WATCH_EARLIER))
		count(WATCH_N_MISSED_RETRANS, tp->total_retrans - a->n_retrans);
	tell(a);
}

/* ---- begin ---- */

static __always_inline void note_connecting(__u64 socket)
{
	struct connecting *c;

	if (!want_failed)
		return;
	c = bpf_task_storage_get(&synsent_threads, bpf_get_current_task_btf(), 0,
				 socket ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (c)
		c->socket = socket;
}

#define EEXIST 17

static __always_inline void gone(struct watch_attempt *a);

/* One that is there has been missed to end, and its address is used again. */
static __always_inline struct watch_attempt *add(__u64 key)
{
	long r = bpf_map_update_elem(&synsent_open, &key, &nothing, BPF_NOEXIST);
	struct watch_attempt *old;

	if (r == -EEXIST) {
		old = bpf_map_lookup_elem(&synsent_open, &key);
		if (old)
			gone(old);
		r = bpf_map_update_elem(&synsent_open, &key, &nothing, BPF_ANY);
	}
	if (r) {
		count(WATCH_N_NO_ROOM, 1);
		return 0;
	}
	return bpf_map_lookup_elem(&synsent_open, &key);
}

static __always_inline struct watch_attempt *find(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&synsent_open, &key);
}

static __always_inline void forget(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&synsent_open, &key);
}

/* Its end was missed, and here is something that shows it over. */
static __always_inline void gone(struct watch_attempt *a)
{
	if (a->flags & WATCH_FILTERED)
		return;
	a->how = WATCH_SEEN_GONE;
	a->end_ns = bpf_ktime_get_ns();
	count(WATCH_N_NO_END, 1);
	if (want_drops)
		take_drops(a);
	tell(a);
}

static __always_inline void begin(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_of(sk);
	struct watch_attempt *a = add((__u64)sk);
	__u32 netns = netns_of(sk);

	if (!a)
		return;
	a->socket = (__u64)sk;
	a->start_ns = bpf_ktime_get_ns();
	a->jiffies = bpf_jiffies64();
	a->netns = netns;
	read_process(a);
	note_connecting((__u64)sk);
	if (is_wanted_netns(netns) && is_wanted_process(a)) {
		count(WATCH_N_BEGUN, 1);
		/* For those who look while it waits.  The server is known, the port here is chosen next. */
		if (tp) {
			read_flow(tp, &a->flow);
			read_policy(tp, a);
		}
		return;
	}
	/* It stays, or its end would look like that of one whose begin was not told. */
	a->flags |= WATCH_FILTERED;
	count(WATCH_N_FILTERED, 1);
}

/*
 * Its begin was not told.  retrans_stamp has the clock of timestamps at SYN 0, in ms or, as tcp_usec_ts says, in us
 * (net/ipv4/tcp_output.c tcp_connect()).  A filter for processes cannot be asked any more: user space finds out whose
 * it is, by its inode.
 */
static __always_inline struct watch_attempt *begin_late(const struct sock *sk, const struct tcp_sock *tp)
{
	struct watch_attempt *a;
	__u64 now = bpf_ktime_get_ns(), unit = 1000000, passed;
	__u32 netns = netns_of(sk);

	if (!is_wanted_netns(netns))
		return 0;
	a = add((__u64)sk);
	if (!a)
		return 0;
	if (bpf_core_field_exists(tp->tcp_usec_ts) && BPF_CORE_READ_BITFIELD_PROBED(tp, tcp_usec_ts))
		unit = 1000;
	passed = (__u32)((__u32)(now / unit) - tp->retrans_stamp);
	a->socket = (__u64)sk;
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
	return a;
}

/* ---- end ---- */

#define ECONNRESET 104

/*
 * A connect() that fails before its SYN closes the socket, too, by itself (net/ipv4/tcp_ipv4.c tcp_v4_connect()): then
 * no close() was called, and the socket is not yet one that is connecting (net/ipv4/af_inet.c __inet_stream_connect()).
 */
static __always_inline __u8 who_closes(const struct sock *sk)
{
	/* What net/ipv4/tcp.c tcp_disconnect() leaves in one that it took out of SYN_SENT; an RST gives ECONNREFUSED.
	 */
	if (sk->sk_err == ECONNRESET)
		return WATCH_PROGRAM;
	if (sk->sk_err)
		return WATCH_KERNEL;
	if (sk->sk_shutdown == SHUTDOWN_MASK)
		return WATCH_PROGRAM;
	return sk->sk_socket && sk->sk_socket->state != NOT_CONNECTING ? WATCH_PROGRAM : WATCH_NOBODY_KNOWN;
}

/* Of the newest error in the socket's queue: IPv4 puts ICMP there in SYN_SENT, asked or not (tcp_v4_err()). */
static __always_inline void read_icmp(const struct sock *sk, struct watch_attempt *a)
{
	const void *head = &sk->sk_error_queue;
	const struct sk_buff *skb = sk->sk_error_queue.prev;
	const struct sock_exterr_skb *err;
	struct sock_extended_err ee;
	const unsigned char *ip;

	if (!skb || (const void *)skb == head)
		return;
	err = (const void *)skb + bpf_core_field_offset(struct sk_buff, cb);
	if (bpf_probe_read_kernel(&ee, sizeof(ee),
				  (const void *)err + bpf_core_field_offset(struct sock_exterr_skb, ee)))
		return;
	a->icmp_origin = ee.ee_origin;
	a->icmp_type = ee.ee_type;
	a->icmp_code = ee.ee_code;
	ip = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	if (ee.ee_origin == SO_EE_ORIGIN_ICMP)
		a->icmp_has_from = !bpf_probe_read_kernel(a->icmp_from.b, 4, ip + 12);
	else if (ee.ee_origin == SO_EE_ORIGIN_ICMP6)
		a->icmp_has_from = !bpf_probe_read_kernel(a->icmp_from.b, 16, ip + 8);
}

static __always_inline void read_end(const struct sock *sk, const struct tcp_sock *tp, struct watch_attempt *a)
{
	a->error = sk->sk_err;
	a->soft_error = sk->sk_err_soft;
	a->by = who_closes(sk);
	read_policy(tp, a);
	if (a->by == WATCH_PROGRAM)
		read_closer(a);
	if (a->error || a->soft_ns)
		read_icmp(sk, a);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(synsent_state, const struct sock *sk, int from, int to)
{
	const struct tcp_sock *tp;
	struct watch_attempt *a;

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
	if (!tp)
		return 0;
	if (!a && from == TCP_SYN_SENT)
		a = begin_late(sk, tp);
	if (!a)
		return 0;
	if (to == TCP_SYN_RECV) {
		a->flags |= WATCH_SIMULTANEOUS;
		return 0;
	}
	if (to == TCP_ESTABLISHED) {
		if (a->n_retrans)
			read_policy(tp, a);
		end(a, tp, WATCH_CONNECTED);
	} else {
		read_end(sk, tp, a);
		if (a->by != WATCH_NOBODY_KNOWN) {
			end(a, tp, WATCH_ENDED);
		} else if (!a->flags) {
			/* sys_exit tells of it: the error is known there */
			note_connecting(0);
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
	struct watch_more *more;
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
	count(WATCH_N_RETRANS, 1);
	us = (bpf_ktime_get_ns() - a->start_ns) / 1000;
	read_counts(tp, a);
	/* It is in the kernel's count (tcp_update_rto_stats(), 6.7; afterwards before), and doubles the RTO afterwards.
	 */
	if (a->retransmits <= 1 && !a->n_retrans)
		a->rto_first_j = tp->inet_conn.icsk_rto;
	at = a->retransmits > a->n_retrans + 1 ? a->retransmits - 1u : a->n_retrans;
	more = more_of(a);
	if (more && at < WATCH_SYNS_MAX)
		more->retrans_us[at] = us < 0xffffffff ? (__u32)us : 0;
	a->n_retrans++;
	read_flow(tp, &a->flow);
	read_policy(tp, a);
	return 0;
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
	if (!a)
		return 0;
	if (sk->__sk_common.skc_state == TCP_SYN_SENT) {
		a->soft_last_ns = bpf_ktime_get_ns();
		if (!a->soft_ns)
			a->soft_ns = a->soft_last_ns;
		a->soft_error = sk->sk_err_soft;
		read_icmp(sk, a);
	} else if (sk->__sk_common.skc_state == TCP_CLOSE) {
		/* Its end was missed: the state is set before the error is reported. */
		tp = tcp_of(sk);
		if (!tp)
			return 0;
		read_end(sk, tp, a);
		if (a->error) {
			count(WATCH_N_NO_END, 1);
			end(a, tp, WATCH_ENDED);
		} else {
			/* A blocking connect() that failed took the error, and now disconnects: it tells of no cause.
			 */
			a->by = WATCH_NOBODY_KNOWN;
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

	if (sk->__sk_common.skc_state != TCP_SYN_SENT)
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

#define ERRNO_LAST 133
#define EINTR 4
#define EISCONN 106
#define ETIMEDOUT 110
#define ECONNREFUSED 111
#define EALREADY 114
#define EINPROGRESS 115

/* The socket of a descriptor of this process; 0: it has none, or not one of TCP. */
static __always_inline const struct sock *sock_of(unsigned long fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	const struct socket *socket;
	const struct sock *sk;
	struct file *file = 0;
	unsigned short family;

	if (fd >= BPF_CORE_READ(fdt, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(fdt, fd) + fd) || !file)
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;
	if ((family != AF_INET && family != AF_INET6) || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	return sk;
}

static __always_inline bool read_sockaddr(const void *user, struct watch_flow *to)
{
	unsigned char b[28] = { 0 };
	__u16 family;

	if (bpf_probe_read_user(b, 16, user))
		return false;
	__builtin_memcpy(&family, b, 2);
	to->server_port = (__u16)(b[2] << 8 | b[3]);
	to->family = 4;
	if (family == AF_INET) {
		__builtin_memcpy(to->server.b, b + 4, 4);
	} else if (family == AF_INET6 && !bpf_probe_read_user(b, sizeof(b), user)) {
		__u32 a[4];

		__builtin_memcpy(a, b + 8, 16);
		if (is_mapped(a)) {
			__builtin_memcpy(to->server.b, a + 3, 4);
		} else {
			to->family = 6;
			__builtin_memcpy(to->server.b, a, 16);
		}
	} else {
		return false;
	}
	return true;
}

static __always_inline bool had_attempt(const struct sock *sk)
{
	struct connecting *c = bpf_task_storage_get(&synsent_threads, bpf_get_current_task_btf(), 0, 0);
	bool had = c && c->socket == (__u64)sk;

	if (c)
		c->socket = 0;
	return had;
}

struct connect_call {
	unsigned long fd, address;
};

/* False: another call.  The architecture is known when this is loaded. */
static __always_inline bool read_connect(const void *regs, struct connect_call *ret)
{
	const struct pt_regs___x86 *x86 = regs;
	const struct pt_regs___arm64 *arm64 = regs;

	if (bpf_core_field_exists(x86->orig_ax)) {
		if (BPF_CORE_READ(x86, orig_ax) != CONNECT_X86_64)
			return false;
		*ret = (struct connect_call){ BPF_CORE_READ(x86, di), BPF_CORE_READ(x86, si) };
		return true;
	}
	if (bpf_core_field_exists(arm64->syscallno)) {
		if (BPF_CORE_READ(arm64, syscallno) != CONNECT_ARM64)
			return false;
		*ret = (struct connect_call){ BPF_CORE_READ(arm64, orig_x0), BPF_CORE_READ(arm64, regs[1]) };
		return true;
	}
	return false;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(synsent_exit, struct pt_regs *regs, long ret)
{
	struct connect_call call;
	struct watch_attempt *a;
	const struct sock *sk;
	__u32 zero = 0;

	if (ret >= 0 || ret < -ERRNO_LAST || !read_connect(regs, &call))
		return 0;
	if (ret == -EALREADY || ret == -EISCONN)
		return 0;
	/* That attempt has had its call: the next one on this socket may fail without a SYN. */
	if (ret == -EINPROGRESS || ret == -EINTR) {
		note_connecting(0);
		return 0;
	}
	/* Without a SYN there is nothing that gives these. */
	if (ret == -ECONNREFUSED || ret == -ETIMEDOUT || ret == -ECONNRESET) {
		note_connecting(0);
		return 0;
	}
	sk = sock_of(call.fd);
	a = sk && !had_attempt(sk) ? bpf_map_lookup_elem(&synsent_scratch, &zero) : 0;
	if (!a)
		return 0;
	*a = nothing;
	if (!read_sockaddr((const void *)call.address, &a->flow))
		return 0;
	a->how = WATCH_NOT_BEGUN;
	a->by = WATCH_KERNEL;
	a->error = (int)-ret;
	a->start_ns = a->end_ns = bpf_ktime_get_ns();
	a->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	read_process(a);
	if (!is_wanted_netns(a->netns) || !is_wanted_process(a))
		return 0;
	count(WATCH_N_NOT_BEGUN, 1);
	tell(a);
	return 0;
}

/* ---- dropped packets ---- */

struct headers {
	struct watch_flow flow; /* as the packet has it: client is the source */
	__u8 flags;
	__u32 seq;
};

/* A SYN, its answer, or an RST that answers it (RFC 9293 section 3.10.7.1: its sequence number is 0). */
static __always_inline bool is_handshake(const struct headers *h)
{
	return h->flags & TCP_FLAG_SYN || ((h->flags & TCP_FLAG_RST) && (h->flags & TCP_FLAG_ACK) && !h->seq);
}

static __always_inline bool read_tcp(const unsigned char *ip, int len, struct headers *h)
{
	unsigned char tcp[14];

	if (bpf_probe_read_kernel(tcp, sizeof(tcp), ip + len))
		return false;
	h->flow.client_port = (__u16)(tcp[0] << 8 | tcp[1]);
	h->flow.server_port = (__u16)(tcp[2] << 8 | tcp[3]);
	h->flags = tcp[13];
	h->seq = (__u32)tcp[4] << 24 | (__u32)tcp[5] << 16 | (__u32)tcp[6] << 8 | tcp[7];
	return true;
}

/* IPv6 extension headers before TCP are not followed: no stack puts them before a SYN by itself. */
static __always_inline bool read_ip(const unsigned char *ip, struct headers *h)
{
	unsigned char b[40];

	if (bpf_probe_read_kernel(b, sizeof(b), ip))
		return false;
	if (b[0] >> 4 == 4 && b[9] == IPPROTO_TCP) {
		h->flow.family = 4;
		__builtin_memcpy(h->flow.client.b, b + 12, 4);
		__builtin_memcpy(h->flow.server.b, b + 16, 4);
		return read_tcp(ip, (b[0] & 15) * 4, h);
	}
	if (b[0] >> 4 == 6 && b[6] == IPPROTO_TCP) {
		h->flow.family = 6;
		__builtin_memcpy(h->flow.client.b, b + 8, 16);
		__builtin_memcpy(h->flow.server.b, b + 24, 16);
		return read_tcp(ip, 40, h);
	}
	return false;
}

#define ETH_HLEN 14

/* A driver or an XDP program has not said yet where the headers begin. */
static __always_inline bool read_headers(const struct sk_buff *skb, struct headers *h)
{
	const unsigned char *head = skb->head, *data = skb->data;

	if (skb->network_header && read_ip(head + skb->network_header, h))
		return true;
	return read_ip(data, h) || read_ip(data + ETH_HLEN, h);
}

static __always_inline void reverse(struct watch_flow *f)
{
	struct watch_addr a = f->client;
	__u16 port = f->client_port;

	f->client = f->server;
	f->client_port = f->server_port;
	f->server = a;
	f->server_port = port;
}

#define KEPT_PER_10MS 200

/* So that a flood that a firewall drops costs little more than without. */
static __always_inline bool may_keep(__u64 now)
{
	struct per_cpu *c = mine();

	if (!c)
		return false;
	if (now - c->drops_since_ns > 10000000) {
		c->drops_since_ns = now;
		c->drops = 0;
	}
	if (c->drops++ < KEPT_PER_10MS)
		return true;
	c->counts[WATCH_N_DROPS_UNKEPT]++;
	return false;
}

static __always_inline void keep_drop(const struct drop_key *key, const struct watch_drop *d)
{
	struct watch_drop *old = bpf_map_lookup_elem(&synsent_drops, key);

	if (kept_ns < d->last_ns)
		kept_ns = d->last_ns;
	if (old && old->reason == d->reason && old->location == d->location) {
		old->packets++;
		old->last_ns = d->last_ns;
	} else {
		bpf_map_update_elem(&synsent_drops, key, d, BPF_ANY);
	}
}

/* The attempt of a packet's socket: its own SYN, on the way out, or what early demultiplexing found for a reply. */
static __always_inline struct watch_attempt *attempt_of(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	return sk ? find(sk) : 0;
}

/* One whose begin was not told has no record yet: its SYN is sent before it is told of. */
static __always_inline bool is_leaving(const struct sock *sk, __u32 netns)
{
	return sk && sk->__sk_common.skc_state == TCP_SYN_SENT && (!netns || netns == netns_of(sk));
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(synsent_drop, struct sk_buff *skb, void *location, unsigned int reason)
{
	struct watch_drop d = { .packets = 1, .reason = reason, .location = (__u64)location };
	struct drop_key key = { 0 };
	struct headers h = { 0 };
	struct watch_attempt *a;
	const struct sock *owner = skb->sk;
	bool known;

	if (reason < specified_from || reason == no_socket_reason || reason == other_host_reason)
		return 0;
	a = attempt_of(skb);
	known = read_headers(skb, &h);
	if (!known && !a)
		return 0;
	if (known && !is_handshake(&h))
		return 0;
	d.first_ns = d.last_ns = bpf_ktime_get_ns();
	d.reset = known && h.flags & TCP_FLAG_RST;
	d.reply = d.reset || (known && (h.flags & TCP_FLAG_ACK));
	if (skb->dev) {
		d.ifindex = (__u32)skb->dev->ifindex;
		d.netns = skb->dev->nd_net.net->ns.inum;
	} else if (owner) {
		d.netns = netns_of(owner); /* no device is chosen yet: it is on its way out */
	}
	/* A SYN keeps its socket on its way through a pair of veths, into another namespace. */
	d.output = !d.reply && is_leaving(owner, d.netns);
	if (a) {
		add_drop(a, &d);
		return 0;
	}
	if (!may_keep(d.last_ns))
		return 0;
	if (d.reply)
		reverse(&h.flow);
	key.flow = h.flow;
	key.reply = d.reply + d.reset;
	keep_drop(&key, &d);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
