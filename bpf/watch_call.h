/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_CALL_H
#define SYNSENT_BPF_WATCH_CALL_H

#include "processes.h"
#include "watch_kernel.h"
#include "watch_socket.h"
#include "watch_state.h"
#include "watch_table.h"

#include <stdbool.h>

/* A call of connect(), as its return shows it.  For watch.bpf.c alone. */

static __always_inline bool is_of_tcp(const struct sock *sk)
{
	unsigned short family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0, protocol;

	if (family != AF_INET && family != AF_INET6)
		return false;
	protocol = BPF_CORE_READ(sk, sk_protocol);
	return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP;
}

/* The socket of a descriptor of this process; 0: it has none, or not one of TCP or MPTCP. */
static __always_inline const struct sock *sock_of(unsigned long fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	const struct socket *socket;
	const struct sock *sk;
	struct file *file = 0;

	if (fd >= BPF_CORE_READ(fdt, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(fdt, fd) + fd) || !file)
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	return is_of_tcp(sk) ? sk : 0;
}

/*
 * No other thread can have put another socket in the place of a descriptor meanwhile: there is none, nor was there one
 * (kernel/exit.c __exit_signal() adds its time before it counts it off).
 */
static __always_inline bool has_own_files(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, signal, nr_threads) == 1 && !BPF_CORE_READ(task, signal, sum_sched_runtime) &&
	       BPF_CORE_READ(task, files, count.counter) == 1;
}

/* The one whose attempts are told of, for a socket of sock_of(). */
static __always_inline const struct sock *connecting_one(const struct sock *sk)
{
	const struct mptcp_sock *msk = (const void *)sk;

	if (BPF_CORE_READ(sk, sk_protocol) == IPPROTO_MPTCP && bpf_core_field_exists(msk->first))
		return BPF_CORE_READ(msk, first);
	return sk;
}

/* A struct sockaddr_in or sockaddr_in6. */
struct address {
	unsigned char b[28];
};

static __always_inline __u16 family_of(const struct address *a)
{
	__u16 family;

	__builtin_memcpy(&family, a->b, 2);
	return family;
}

/* False: of another family. */
static __always_inline bool read_server(const struct address *from, struct watch_flow *to)
{
	__u32 a[4];

	to->server_port = (__u16)(from->b[2] << 8 | from->b[3]);
	to->family = 4;
	if (family_of(from) == AF_INET) {
		__builtin_memcpy(to->server.b, from->b + 4, 4);
		return true;
	}
	if (family_of(from) != AF_INET6)
		return false;
	__builtin_memcpy(a, from->b + 8, 16);
	if (is_mapped(a)) {
		__builtin_memcpy(to->server.b, a + 3, 4);
	} else {
		to->family = 6;
		__builtin_memcpy(to->server.b, a, 16);
	}
	return true;
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

/* ---- an attempt's error that a call gives once more ---- */

#define ECONNABORTED 103
#define ECONNRESET 104
#define ETIMEDOUT 110
#define ECONNREFUSED 111

/*
 * Nothing gives these to a connect() but the end of an attempt: the kernel's own, or another thread's shutdown(); after
 * an error that was read by SO_ERROR the next call gives ECONNABORTED (net/ipv4/af_inet.c __inet_stream_connect()).
 */
static __always_inline bool is_of_an_attempt(__s32 error)
{
	return error == ECONNREFUSED || error == ETIMEDOUT || error == ECONNRESET || error == ECONNABORTED;
}

/*
 * A seccomp filter looks at the calls of this task.  The entry to each call has just looked there, too: seccomp.mode,
 * where it is the same, would be one more line of cache.
 */
static __always_inline bool is_filtered(void)
{
	const struct task_struct *task = bpf_get_current_task_btf();

	if (bpf_core_field_exists(task->thread_info.syscall_work))
		return task->thread_info.syscall_work >>
			       bpf_core_enum_value(enum syscall_work_bit, SYSCALL_WORK_BIT_SECCOMP) &
		       1;
	return bpf_core_field_exists(task->seccomp.mode) && task->seccomp.mode;
}

/*
 * No SYN has ever left it, and no attempt's error is its own: the first one takes a sequence number, and
 * net/ipv4/tcp.c tcp_disconnect() leaves one that is not 0.
 */
static __always_inline bool is_unused(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP && !BPF_CORE_READ((const struct tcp_sock *)sk, write_seq);
}

/* What is kept in synsent_owed besides errors. */
#define OWED_NONE (-1)
#define OWED_FOR_PORT 0 /* the return of a call that had come to look for a source port */

static __always_inline void keep_owed(__u64 key, __s32 what)
{
	if (!bpf_map_update_elem(&synsent_owed, &key, &what, BPF_NOEXIST))
		__sync_fetch_and_add(&n_owed, 1);
}

/* A task's number in synsent_owed, which is odd: no socket's is. */
static __always_inline __u64 key_of_task(__u64 task)
{
	return task | 1;
}

static __always_inline __u64 key_of_caller(void)
{
	return key_of_task(bpf_get_current_task());
}

static __always_inline bool is_task(const struct task_struct *t)
{
	const struct task_struct *leader = BPF_CORE_READ(t, group_leader);

	return leader && BPF_CORE_READ(leader, group_leader) == leader &&
	       BPF_CORE_READ(leader, tgid) == BPF_CORE_READ(t, tgid);
}

/* What is kept for a task: the error, and to which server, in short. */
static __always_inline __s32 error_to(const struct watch_flow *to, __s32 error)
{
	__u32 a[4];

	__builtin_memcpy(a, to->server.b, sizeof(a));
	return (__s32)((((a[0] ^ a[1] ^ a[2] ^ a[3]) * 0x9e3779b1u + to->server_port) << 8) | (__u32)error);
}

#define WAITING_MAX 4

/*
 * Those that wait for it in a call (net/ipv4/af_inet.c inet_wait_for_connect()) are about to return the error, and
 * another thread may have put another socket in the place of their descriptor.  Not of poll(), which notes no task
 * here.  What send() returns is owed on, until the task connects again: that is why the server is kept with it.
 */
static __noinline void owe_to_waiting(const struct sock *sk, __s32 what)
{
	const struct socket_wq *wq = BPF_CORE_READ(sk, sk_wq);
	const struct list_head *head = &wq->wait.head, *at = BPF_CORE_READ(head, next);

	for (int i = 0; i < WAITING_MAX && at && at != head; i++) {
		const struct wait_queue_entry *e =
			(const void *)at - bpf_core_field_offset(struct wait_queue_entry, entry);
		const struct task_struct *task = BPF_CORE_READ(e, private);

		if (task && is_task(task))
			keep_owed(key_of_task((__u64)task), what);
		at = BPF_CORE_READ(at, next);
	}
}

/* Others may come of a route as well as of an ICMP after the SYN. */
static __always_inline void owe(const struct sock *sk, const struct tcp_sock *tp, const struct watch_attempt *a)
{
	struct watch_flow flow = { 0 };

	if (!want_failed || !a->error || is_of_an_attempt(a->error))
		return;
	keep_owed(a->socket, a->error);
	read_flow(tp, &flow);
	owe_to_waiting(sk, error_to(&flow, a->error));
}

/*
 * It went to SYN_SENT and back within its connect(), which has no error so far: net/ipv4/tcp_ipv4.c tcp_v4_connect()
 * and net/ipv6/tcp_ipv6.c tcp_v6_connect() look for its source port there, after all that refuses a call.
 */
static __always_inline void owe_for_port(__u64 key)
{
	if (want_failed)
		keep_owed(key, OWED_FOR_PORT);
}

static __always_inline void forgive(__u64 key)
{
	if (n_owed && !bpf_map_delete_elem(&synsent_owed, &key))
		__sync_fetch_and_add(&n_owed, -1);
}

/* A call of this task has come to an attempt of its own: what is owed is of former ones. */
static __always_inline void forgive_caller(__u64 key)
{
	if (!n_owed)
		return;
	forgive(key);
	forgive(key_of_caller());
}

/* What was kept: the error that the socket's attempt had, and here it may come. */
static __always_inline __s32 take_owed(__u64 key)
{
	__s32 *owed = n_owed ? bpf_map_lookup_elem(&synsent_owed, &key) : 0;
	__s32 what = owed ? *owed : OWED_NONE;

	forgive(key);
	return what;
}

#endif
