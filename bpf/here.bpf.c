/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel.h"
#include "here_shared.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

/*
 * Theory of operation.  A socket is marked in connect(), which is the one moment
 * that surely runs in the process that connects: the tree's processes are those
 * whose PID namespace is the tree's or lies in it, and no process can leave it.
 * Two programs see the packets of the cgroup's sockets and look for the mark;
 * those of a socket without one pass.
 *
 * Not a tracepoint (inet_sock_set_state): that would run for the whole host, and
 * its events get lost while anybody attaches to it or detaches.  Whoever connects
 * by the socket again, from outside of the tree too, marks it anew or clears it.
 */
const volatile __u32 tree_pidns; /* the namespace's inode number */
const volatile __u64 chance_seed;
const volatile __u32 n_faults;
const volatile struct here_fault faults[HERE_FAULTS_MAX];
const volatile __u32 any_server; /* the faults that do not ask for the server's address, a bit each */

__u64 dropped[HERE_FAULTS_MAX];
__u64 connects; /* of the tree */
__u64 unmarked; /* ... whose socket could not be marked, for want of memory */
__u64 untold;	/* drops that found no room in the ring */
__u64 woken_ns;

/* A reader is woken at most so often: a wake-up for each event halves the rate of connections. */
#define WAKE_NS 10000000u

struct upid {
	struct pid_namespace *ns;
} __attribute__((preserve_access_index));

struct pid {
	unsigned int level;
	struct upid numbers[1];
} __attribute__((preserve_access_index));

struct ns_common {
	unsigned int inum;
} __attribute__((preserve_access_index));

struct pid_namespace {
	struct ns_common ns;
} __attribute__((preserve_access_index));

struct task_struct {
	struct pid *thread_pid; /* 4.19 */
} __attribute__((preserve_access_index));

/* include/linux/pid_namespace.h: namespaces nest this deep, below the first. */
#define MAX_PID_NS_LEVEL 32

struct mark {
	__u32 faults; /* that concern its server */
	__u32 isn;
	__u32 seen[HERE_CLASSES]; /* packets of each class */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mark);
} synsent_marks SEC(".maps");

/* Of a server's address, the faults that name it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct here_addr);
	__type(value, __u32);
} synsent_hosts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} synsent_told SEC(".maps");

/* A process has a PID, and so an entry in numbers[], in each namespace from the first down to its own. */
static __always_inline bool in_tree(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	unsigned int level = BPF_CORE_READ(pid, level);
	const char *at = (const char *)pid + bpf_core_field_offset(struct pid, numbers);
	const __u64 size = bpf_core_type_size(struct upid);

	for (unsigned int i = 0; i <= MAX_PID_NS_LEVEL; i++) {
		if (i > level)
			break;
		if (BPF_CORE_READ((struct upid *)(at + i * size), ns, ns.inum) == tree_pidns)
			return true;
	}
	return false;
}

static __always_inline int at_connect(struct bpf_sock_addr *ctx)
{
	struct mark *m;

	if (ctx->protocol != IPPROTO_TCP)
		return 1;
	if (!in_tree()) {
		bpf_sk_storage_delete(&synsent_marks, ctx->sk);
		return 1;
	}
	__sync_fetch_and_add(&connects, 1);
	m = bpf_sk_storage_get(&synsent_marks, ctx->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (m)
		__builtin_memset(m, 0, sizeof(*m));
	else
		__sync_fetch_and_add(&unmarked, 1);
	return 1;
}

SEC("cgroup/connect4")
int synsent_conn4(struct bpf_sock_addr *ctx)
{
	return at_connect(ctx);
}

SEC("cgroup/connect6")
int synsent_conn6(struct bpf_sock_addr *ctx)
{
	return at_connect(ctx);
}

static __always_inline void addr4(struct here_addr *to, __u32 ip)
{
	to->family = 4;
	__builtin_memcpy(to->b, &ip, 4);
}

/* A socket of IPv6 speaks IPv4 to a mapped address (RFC 4291 section 2.5.5.2). */
static __always_inline void addr6(struct here_addr *to, __u32 a, __u32 b, __u32 c, __u32 d)
{
	__u32 ip[4] = { a, b, c, d };

	if (!a && !b && c == bpf_htonl(0xffff)) {
		addr4(to, d);
		return;
	}
	to->family = 6;
	__builtin_memcpy(to->b, ip, 16);
}

/* The connection as its socket has it, whatever a NAT has made of the packet. */
static __always_inline void read_flow(const struct bpf_sock *sk, struct here_event *to)
{
	if (sk->family == AF_INET6) {
		addr6(&to->client, sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2], sk->src_ip6[3]);
		addr6(&to->server, sk->dst_ip6[0], sk->dst_ip6[1], sk->dst_ip6[2], sk->dst_ip6[3]);
	} else {
		addr4(&to->client, sk->src_ip4);
		addr4(&to->server, sk->dst_ip4);
	}
	to->client_port = (__u16)sk->src_port;
	/* Volatile: the compiler shall not make it a load of two bytes. */
	to->server_port = bpf_ntohs((__u16) * (const volatile __u32 *)&sk->dst_port);
}

/* Where the TCP header begins; -1: nowhere. */
static __always_inline int find_tcp(const struct __sk_buff *skb)
{
	__u8 ip[20], ext[2];
	int at = 40, next;

	if (bpf_skb_load_bytes(skb, 0, ip, sizeof(ip)))
		return -1;
	if (ip[0] >> 4 == 4)
		return ip[9] == IPPROTO_TCP ? (ip[0] & 15) * 4 : -1;
	next = ip[6];
	for (int i = 0; i < 4; i++) {
		if (next == IPPROTO_TCP)
			return at;
		if ((next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS) ||
		    bpf_skb_load_bytes(skb, at, ext, sizeof(ext)))
			return -1;
		next = ext[0];
		at += (ext[1] + 1) * 8;
	}
	return next == IPPROTO_TCP ? at : -1;
}

/* The class as a shift; RFC 9293 section 3.1 for the header. */
static __always_inline int class_of(const __u8 *tcp, bool incoming)
{
	bool syn = tcp[13] & 0x02, ack = tcp[13] & 0x10;

	if (incoming)
		return syn && ack ? 1 : 3;
	return syn && !ack ? 0 : 2;
}

static __always_inline __u32 concerned(const struct here_event *e)
{
	const __u32 *named = bpf_map_lookup_elem(&synsent_hosts, &e->server);
	__u32 mask = any_server | (named ? *named : 0);

	for (__u32 i = 0; i < HERE_FAULTS_MAX; i++) {
		if (i >= n_faults)
			break;
		if ((faults[i].port && faults[i].port != e->server_port) ||
		    (faults[i].family && faults[i].family != e->server.family))
			mask &= ~(1u << i);
	}
	return mask;
}

/* The event owns its place in the ring only when there is room; the drop happens all the same. */
static __always_inline void tell(struct here_event *e)
{
	__u64 flags = BPF_RB_NO_WAKEUP;

	e->t_ns = bpf_ktime_get_ns();
	if (e->t_ns - woken_ns >= WAKE_NS) {
		woken_ns = e->t_ns;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	if (bpf_ringbuf_output(&synsent_told, e, sizeof(*e), flags))
		__sync_fetch_and_add(&untold, 1);
}

/* The first fault that wants the packet decides.  1: it passes. */
static __always_inline int judge(struct here_event *e, __u32 mask)
{
	for (__u32 i = 0; i < HERE_FAULTS_MAX; i++) {
		if (i >= n_faults)
			break;
		if (!(mask & 1u << i) || !(faults[i].classes & e->class) || (faults[i].n && e->nth >= faults[i].n))
			continue;
		e->fault = (__u8)i;
		if (faults[i].ppm < HERE_PPM && here_chance(chance_seed, e) >= faults[i].ppm)
			continue;
		__sync_fetch_and_add(&dropped[i], 1);
		tell(e);
		return 0;
	}
	return 1;
}

static __always_inline int at_packet(struct __sk_buff *skb, bool incoming)
{
	struct bpf_sock *sk = skb->sk;
	struct here_event e = { 0 };
	struct mark *m;
	__u8 tcp[14];
	int at, class;

	sk = sk ? bpf_sk_fullsock(sk) : 0;
	m = sk ? bpf_sk_storage_get(&synsent_marks, sk, 0, 0) : 0;
	if (!m)
		return 1;
	at = find_tcp(skb);
	if (at < 0 || bpf_skb_load_bytes(skb, (__u32)at, tcp, sizeof(tcp)))
		return 1;
	class = class_of(tcp, incoming);
	e.class = 1u << class;
	read_flow(sk, &e);
	if (e.class == HERE_SYN) {
		m->isn = (__u32)tcp[4] << 24 | (__u32)tcp[5] << 16 | (__u32)tcp[6] << 8 | tcp[7];
		m->faults = concerned(&e);
	}
	e.isn = m->isn;
	/* Two CPUs may hand two segments to one socket at once. */
	e.nth = __sync_fetch_and_add(&m->seen[class & 3], 1);
	return judge(&e, m->faults);
}

SEC("cgroup_skb/egress")
int synsent_out(struct __sk_buff *skb)
{
	return at_packet(skb, false);
}

/* The kernel has found the socket before it asks (net/ipv4/tcp_ipv4.c tcp_filter()). */
SEC("cgroup_skb/ingress")
int synsent_in(struct __sk_buff *skb)
{
	return at_packet(skb, true);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
