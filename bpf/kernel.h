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

/* enum bpf_sock_ops_op. */
#define BPF_SOCK_OPS_TIMEOUT_INIT 1   /* what the first RTO shall be, in jiffies; since 4.13 */
#define BPF_SOCK_OPS_TCP_CONNECT_CB 3 /* before SYN 0; since 4.13 */
#define BPF_SOCK_OPS_STATE_CB 10      /* before the state args[0] becomes args[1]; since 4.16 ... */
#define BPF_SOCK_OPS_STATE_CB_FLAG 4  /* ... for sockets that have this flag */

/* The kernel goes by offsets; of these structs only the beginnings are here. */
struct bpf_sock;

struct bpf_sock_ops {
	__u32 op;
	union {
		__u32 args[4];
		__u32 reply;
		__u32 replylong[4];
	};
	__u32 not_used_here[16];
	__u32 bpf_sock_ops_cb_flags;
	__u32 nor_here[24];
	struct bpf_sock *sk __attribute__((aligned(8))); /* 5.3 */
};

struct bpf_sock {
	__u32 bound_dev_if;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 mark;
	__u32 priority;
	__u32 src_ip4;
	__u32 src_ip6[4];
	__u32 src_port; /* host order */
	__u32 dst_port; /* network order, in the first two bytes; before 5.18 only readable as four */
	__u32 dst_ip4;
	__u32 dst_ip6[4];
};

struct bpf_sock_addr {
	__u32 user_family;
	__u32 user_ip4;
	__u32 user_ip6[4];
	__u32 user_port;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 msg_src_ip4;
	__u32 msg_src_ip6[4];
	struct bpf_sock *sk __attribute__((aligned(8)));
};

struct __sk_buff {
	__u32 not_used_here[42];
	struct bpf_sock *sk __attribute__((aligned(8)));
};

_Static_assert(__builtin_offsetof(struct bpf_sock_ops, bpf_sock_ops_cb_flags) == 84, "struct bpf_sock_ops");
_Static_assert(__builtin_offsetof(struct bpf_sock_ops, sk) == 184, "struct bpf_sock_ops");
_Static_assert(__builtin_offsetof(struct bpf_sock, dst_port) == 48, "struct bpf_sock");
_Static_assert(__builtin_offsetof(struct bpf_sock_addr, sk) == 64, "struct bpf_sock_addr");
_Static_assert(__builtin_offsetof(struct __sk_buff, sk) == 168, "struct __sk_buff");

/* enum bpf_map_type, and flags of the helpers that are used here. */
#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_SK_STORAGE 24 /* 5.2 */
#define BPF_MAP_TYPE_RINGBUF 27	   /* 5.8 */
#define BPF_F_NO_PREALLOC 1
#define BPF_SK_STORAGE_GET_F_CREATE 1
#define BPF_RB_NO_WAKEUP 1
#define BPF_RB_FORCE_WAKEUP 2

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_HOPOPTS 0
#define IPPROTO_TCP 6
#define IPPROTO_ROUTING 43
#define IPPROTO_DSTOPTS 60

#endif
