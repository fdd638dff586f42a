/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_KERNEL_H
#define SYNSENT_BPF_KERNEL_H

/*
 * The little that the programs here need of the kernel's stable interface
 * (include/uapi/linux/bpf.h), so that building them takes no kernel headers and
 * no architecture's include path.
 */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed short __s16;
typedef signed int __s32;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;

/* enum bpf_sock_ops_op: what the first RTO shall be, in jiffies; since 4.13. */
#define BPF_SOCK_OPS_TIMEOUT_INIT 1

/* The beginning of struct bpf_sock_ops; the kernel goes by offsets. */
struct bpf_sock_ops {
	__u32 op;
	union {
		__u32 args[4];
		__u32 reply;
		__u32 replylong[4];
	};
};

#endif
