/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_CALL_H
#define SYNSENT_BPF_WATCH_CALL_H

#include "processes.h"
#include "watch_kernel.h"
#include "watch_socket.h"

#include <stdbool.h>

/* A call of connect(), as its return shows it.  For watch.bpf.c alone. */

/* The socket of a descriptor of this process; 0: it has none, or not one of TCP or MPTCP. */
static __always_inline const struct sock *sock_of(unsigned long fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	const struct socket *socket;
	const struct sock *sk;
	struct file *file = 0;
	unsigned short family, protocol;

	if (fd >= BPF_CORE_READ(fdt, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(fdt, fd) + fd) || !file)
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	protocol = BPF_CORE_READ(sk, sk_protocol);
	return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP ? sk : 0;
}

/* The one whose attempts are told of, for a socket of sock_of(). */
static __always_inline const struct sock *connecting_one(const struct sock *sk)
{
	const struct mptcp_sock *msk = (const void *)sk;

	if (BPF_CORE_READ(sk, sk_protocol) == IPPROTO_MPTCP && bpf_core_field_exists(msk->first))
		return BPF_CORE_READ(msk, first);
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

#endif
