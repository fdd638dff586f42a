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

/*
 * One that is shorter than the kernel wants of its family (net/ipv4/tcp_ipv4.c tcp_v4_connect(), net/ipv6/tcp_ipv6.c
 * tcp_v6_connect()) is none: what follows it in memory is not the program's word.
 */
static __always_inline void take_none_if_short(struct address *a, int len)
{
	__u16 family = family_of(a);

	if (len < (family == AF_INET6 ? 24 : 16))
		__builtin_memset(a, 0, sizeof(*a));
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
	int len; /* of the address */
};

/* False: another call.  The architecture is known when this is loaded. */
static __always_inline bool read_connect(const void *regs, struct connect_call *ret)
{
	const struct pt_regs___x86 *x86 = regs;
	const struct pt_regs___arm64 *arm64 = regs;

	if (bpf_core_field_exists(x86->orig_ax)) {
		if (BPF_CORE_READ(x86, orig_ax) != CONNECT_X86_64)
			return false;
		*ret = (struct connect_call){ BPF_CORE_READ(x86, di), BPF_CORE_READ(x86, si),
					      (int)BPF_CORE_READ(x86, dx) };
		return true;
	}
	if (bpf_core_field_exists(arm64->syscallno)) {
		if (BPF_CORE_READ(arm64, syscallno) != CONNECT_ARM64)
			return false;
		*ret = (struct connect_call){ BPF_CORE_READ(arm64, orig_x0), BPF_CORE_READ(arm64, regs[1]),
					      (int)BPF_CORE_READ(arm64, regs[2]) };
		return true;
	}
	return false;
}

#endif
