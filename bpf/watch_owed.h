/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_OWED_H
#define SYNSENT_BPF_WATCH_OWED_H

#include "processes.h"
#include "watch_kernel.h"
#include "watch_socket.h"
#include "watch_state.h"

#include <stdbool.h>

/* What connect() returns of an attempt that is told, or a program gives in its place.  For watch.bpf.c alone. */

#define ECONNABORTED 103
#define ECONNRESET 104
#define ETIMEDOUT 110
#define ECONNREFUSED 111

/*
 * The kernel gives these to a connect() at the end of an attempt alone: by itself, or for another thread's
 * shutdown(); after an error that was read by SO_ERROR the next call gives ECONNABORTED (net/ipv4/af_inet.c
 * __inet_stream_connect()).
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
 * here.  What send() returns is owed on, until the task connects again: that is why the server is kept with it.  `wq`
 * is the address of a struct socket_wq, as a number: this is a global function (watch_tell.h watch_tell()).
 */
__noinline int watch_owe_to_waiting(__u64 wq, __s32 what)
{
	const struct list_head *head = &((const struct socket_wq *)wq)->wait.head, *at = BPF_CORE_READ(head, next);

	for (int i = 0; i < WAITING_MAX && at && at != head; i++) {
		const struct wait_queue_entry *e =
			(const void *)at - bpf_core_field_offset(struct wait_queue_entry, entry);
		const struct task_struct *task = BPF_CORE_READ(e, private);

		if (task && is_task(task))
			keep_owed(key_of_task((__u64)task), what);
		at = BPF_CORE_READ(at, next);
	}
	return 0;
}

/* Others may come of a route as well as of an ICMP after the SYN. */
static __always_inline void owe(const struct sock *sk, const struct tcp_sock *tp, const struct watch_attempt *a)
{
	struct watch_flow flow = { 0 };

	if (!want_failed || !a->error || is_of_an_attempt(a->error))
		return;
	keep_owed(a->socket, a->error);
	read_flow(tp, &flow);
	watch_owe_to_waiting((__u64)BPF_CORE_READ(sk, sk_wq), error_to(&flow, a->error));
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
