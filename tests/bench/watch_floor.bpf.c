// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that do nothing, on the tracepoints of bpf/watch.bpf.c: the least that a tracer of these can cost. */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("tp_btf/inet_sock_set_state")
int floor_state(void *ctx)
{
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int floor_retransmit(void *ctx)
{
	return 0;
}

SEC("tp_btf/inet_sk_error_report")
int floor_error(void *ctx)
{
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int floor_reset(void *ctx)
{
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int floor_destroy(void *ctx)
{
	return 0;
}

SEC("tp_btf/kfree_skb")
int floor_drop(void *ctx)
{
	return 0;
}

SEC("tp_btf/kfree_skb")
int floor_drop_in(void *ctx)
{
	return 0;
}

SEC("tp_btf/sys_exit")
int floor_exit(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
