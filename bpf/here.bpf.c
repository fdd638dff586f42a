/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel.h"
#include "here_shared.h"
#include "processes.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

/*
 * Theory of operation.  A socket is marked in connect(), which is the one moment
 * that surely runs in the process that connects: the tree's processes are those
 * whose PID namespace is the tree's or lies in it, and no process can leave it.
 * Two programs see the packets of the cgroup's sockets and look for the mark;
 * those of a socket without one pass.  A third one is called when a marked socket
 * begins to connect, and when it leaves SYN_SENT: whether the kernel or the
 * program ended the wait is in the socket at that moment, and later nowhere.
 *
 * Not a tracepoint (inet_sock_set_state): that would run for the whole host, and
 * its events get lost while anybody attaches to it or detaches.  Whoever connects
 * by the socket again, from outside of the tree too, marks it anew or clears it.
 */
const volatile __u32 tree_pidns; /* the namespace's inode number */
const volatile __u32 nesting;	 /* namespaces from that of /proc to the tree's, both counted; 0: not known */
const volatile __u64 chance_seed;
const volatile __u32 n_faults;
const volatile struct here_fault faults[HERE_FAULTS_MAX];
const volatile __u32 any_server; /* the faults that do not ask for the server's address, a bit each */

__u64 dropped[HERE_FAULTS_MAX];
__u64 connects; /* of the tree */
__u64 unmarked; /* ... whose socket could not be marked, for want of memory */
__u64 untold;	/* what found no room in the ring */
__u64 woken_ns;

/* A reader is woken at most so often: a wake-up for each event halves the rate of connections. */
#define WAKE_NS 10000000u

struct socket {
	/* enum socket_state has no name there, and shall have none here */
	enum {
		NOT_CONNECTING = 1, /* include/uapi/linux/net.h SS_UNCONNECTED */
	} state;
} __attribute__((preserve_access_index));

struct sock {
	int sk_err;
	__u8 sk_shutdown;
	struct socket *sk_socket;
} __attribute__((preserve_access_index));

struct tcp_sock {
	__u32 write_seq;
} __attribute__((preserve_access_index));

/* include/net/tcp_states.h and include/net/sock.h */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_CLOSE 7
#define SHUTDOWN_MASK 3

struct mark {
	__u32 faults; /* that concern its server */
	__u32 isn;
	__u32 begun;		  /* its SYN is on its way */
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
	__uint(max_entries, 1 << 21);
} synsent_told SEC(".maps");

static __always_inline int at_connect(struct bpf_sock_addr *ctx)
{
	struct mark *m;

	if (ctx->protocol != IPPROTO_TCP)
		return 1;
	if (level_in((void *)bpf_get_current_task(), tree_pidns) < 0) {
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

/* Whose socket it is, or who closes it; a timer or an interrupt runs in anybody's name and must not ask. */
static __always_inline void tell_process(struct here_event *e)
{
	struct task_struct *task = (void *)bpf_get_current_task(), *leader = BPF_CORE_READ(task, group_leader);
	unsigned int flags = BPF_CORE_READ(task, flags);
	int level;

	if (flags & PF_KTHREAD)
		return;
	level = level_in(leader, tree_pidns);
	if (nesting && level + 1 >= (int)nesting)
		e->pid = number_at(leader, level + 1 - (int)nesting);
	BPF_CORE_READ_INTO(&e->comm, leader, comm);
	e->exiting = (flags & PF_EXITING) != 0;
	e->exit_code = e->exiting ? BPF_CORE_READ(task, exit_code) : 0;
	/* Of a process that is killed a call that waits lets go of its socket before the exit (kernel/signal.c
	 * get_signal()). */
	if (!e->exiting && BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT) {
		e->exiting = 1;
		e->exit_code = BPF_CORE_READ(task, signal, group_exit_code);
	}
}

/*
 * A connect() that fails before its SYN closes the socket, too, by itself (net/ipv4/tcp_ipv4.c tcp_v4_connect()): then
 * no close() was called, and the socket is not yet one that is connecting (net/ipv4/af_inet.c __inet_stream_connect()).
 */
static __always_inline __u8 who_closes(const struct sock *sk)
{
	const struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	if (BPF_CORE_READ(sk, sk_err))
		return HERE_KERNEL;
	if (BPF_CORE_READ(sk, sk_shutdown) == SHUTDOWN_MASK)
		return HERE_PROGRAM;
	return socket && BPF_CORE_READ(socket, state) != NOT_CONNECTING ? HERE_PROGRAM : HERE_NOBODY_KNOWN;
}

static __always_inline void at_begin(struct bpf_sock_ops *ctx, struct bpf_sock *sk, struct mark *m)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk); /* as the kernel has it, whose inside may be read */
	struct here_event e = { .what = HERE_BEGUN };

	m->begun = 1;
	m->isn = tp ? BPF_CORE_READ(tp, write_seq) : 0;
	e.isn = m->isn;
	e.cookie = bpf_get_socket_cookie(ctx);
	read_flow(sk, &e);
	tell_process(&e);
	bpf_sock_ops_cb_flags_set(ctx, (int)(ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG));
	tell(&e);
}

static __always_inline void at_end(struct bpf_sock_ops *ctx, struct bpf_sock *sk, struct mark *m, __u32 state)
{
	struct here_event e = { .what = state == TCP_ESTABLISHED ? HERE_CONNECTED : HERE_ENDED };
	const struct sock *tcp = (const void *)bpf_skc_to_tcp_sock(sk);

	m->begun = 0;
	e.isn = m->isn;
	e.cookie = bpf_get_socket_cookie(ctx);
	read_flow(sk, &e);
	if (state == TCP_CLOSE && tcp) {
		e.error = BPF_CORE_READ(tcp, sk_err);
		e.by = who_closes(tcp);
		if (e.by == HERE_PROGRAM)
			tell_process(&e);
	}
	tell(&e);
}

SEC("sockops")
int synsent_sock(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	__u32 op = ctx->op, from, to;
	struct mark *m;

	if ((op != BPF_SOCK_OPS_TCP_CONNECT_CB && op != BPF_SOCK_OPS_STATE_CB) || !sk)
		return 1;
	m = bpf_sk_storage_get(&synsent_marks, sk, 0, 0);
	if (!m)
		return 1;
	if (op == BPF_SOCK_OPS_TCP_CONNECT_CB) {
		at_begin(ctx, sk, m);
		return 1;
	}
	from = ctx->args[0];
	to = ctx->args[1];
	if (m->begun && from == TCP_SYN_SENT && (to == TCP_ESTABLISHED || to == TCP_CLOSE))
		at_end(ctx, sk, m, to);
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
