/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel.h"

#include <bpf/bpf_helpers.h>

/*
 * Theory of operation.  A new TCP socket asks for its first RTO
 * (include/net/tcp.h tcp_timeout_init()); an answer above 0 replaces the 1 s of
 * the kernel, and all later timers double from it.  The program hangs on a whole
 * cgroup, so it answers for the lab's network namespace only and leaves the
 * reply of any other socket as it finds it: another program's answer, or none.
 */
const volatile __u64 lab_netns_cookie;
const volatile __u32 first_rto_j;

SEC("sockops")
int synsent_fast(struct bpf_sock_ops *ctx)
{
	/* The helper takes this context since 5.15. */
	if (ctx->op == BPF_SOCK_OPS_TIMEOUT_INIT && bpf_get_netns_cookie(ctx) == lab_netns_cookie)
		ctx->reply = first_rto_j;
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
