/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_KERNEL_H
#define SYNSENT_BPF_WATCH_KERNEL_H

#include "kernel.h"

/* Of the kernel's own structs, what watch.bpf.c reads; where a field lies is found when the programs are loaded. */

#define BPF_MAP_TYPE_PERCPU_ARRAY 6
#define BPF_MAP_TYPE_LRU_HASH 9
#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12
#define BPF_ANY 0
#define BPF_NOEXIST 1

/* include/net/tcp_states.h, include/net/sock.h, include/uapi/linux/errqueue.h */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7
#define SHUTDOWN_MASK 3
#define SO_EE_ORIGIN_ICMP 2
#define SO_EE_ORIGIN_ICMP6 3

#define IPPROTO_MPTCP 262

/* include/linux/thread_info.h; its number is looked up when this is loaded */
enum syscall_work_bit {
	SYSCALL_WORK_BIT_SECCOMP,
};

#define LOOPBACK_IFINDEX 1 /* include/net/flow.h */

#define S_IFMT 00170000
#define S_IFSOCK 0140000

/* arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h */
#define CLOSE_X86_64 3
#define DUP2_X86_64 33
#define CONNECT_X86_64 42
#define SHUTDOWN_X86_64 48
#define EXECVE_X86_64 59
#define DUP3_X86_64 292
#define EXECVEAT_X86_64 322
#define DUP3_ARM64 24
#define CLOSE_ARM64 57
#define CONNECT_ARM64 203
#define SHUTDOWN_ARM64 210
#define EXECVE_ARM64 221
#define EXECVEAT_ARM64 281
#define CLOSE_RANGE 436 /* the same on both */

/* include/uapi/linux/netfilter/nf_conntrack_common.h, include/linux/netfilter/nf_conntrack_common.h */
#define IPS_NAT_MASK 0x30
#define IPS_DST_NAT 0x20
#define NFCT_INFOMASK 7ul
#define IP_CT_UNTRACKED 7ul

#define SKB_FCLONE_CLONE 2 /* include/linux/skbuff.h */

#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sock;
struct task_struct;

struct socket {
	enum {
		NOT_CONNECTING = 1, /* include/uapi/linux/net.h SS_UNCONNECTED */
	} state;
	struct file *file;
	struct sock *sk;
};

struct inode {
	unsigned short i_mode;
};

struct file {
	struct inode *f_inode;
	void *private_data;
	const struct cred *f_cred; /* of who opened it */
};

/* kernel/bpf/task_iter.c */
struct bpf_iter__task_file {
	struct task_struct *task;
	struct file *file;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

typedef struct {
	int counter;
} atomic_t;

struct files_struct {
	atomic_t count; /* of the tasks that have it */
	struct fdtable *fdt;
};

struct netns_ipv4 {
	__u8 sysctl_tcp_syn_retries;
	__u8 sysctl_tcp_syn_linear_timeouts; /* 6.5 */
};

struct user_namespace {
	int level; /* 0: the first one */
};

struct net {
	struct ns_common ns;
	struct user_namespace *user_ns;
	struct netns_ipv4 ipv4;
};

typedef struct {
	struct net *net;
} possible_net_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct in6_addr {
	__u8 b[16];
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_ipv6only : 1; /* IPV6_V6ONLY */
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};

struct sk_buff;

struct sk_buff_head {
	struct sk_buff *next;
	struct sk_buff *prev;
};

typedef struct {
	__u32 val;
} kuid_t;

struct list_head {
	struct list_head *next;
};

struct wait_queue_entry {
	void *private; /* of most of them the task that waits */
	struct list_head entry;
};

struct wait_queue_head {
	struct list_head head;
};

struct socket_wq {
	struct wait_queue_head wait;
};

struct sock {
	struct sock_common __sk_common;
	struct {
		int owned; /* a process has it */
	} sk_lock;
	struct sk_buff_head sk_error_queue;
	int sk_err, sk_err_soft;
	struct socket *sk_socket;
	struct socket_wq *sk_wq;
	kuid_t sk_uid;
	__u16 sk_protocol;
	__u8 sk_shutdown;
	unsigned long sk_ino; /* 6.17 */
};

struct inet_sock {
	struct sock sk;
	__be32 inet_saddr;
	__be16 inet_sport;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	__u32 icsk_rto;
	__u32 icsk_rto_max; /* 6.15 */
	__u8 icsk_retransmits;
	__u8 icsk_pending; /* 0: its timer has fired, and runs */
	__u8 icsk_syn_retries;
	__u32 icsk_user_timeout;
	void *icsk_ulp_data;
};

struct tcp_options_received {
	__u32 rcv_tsecr;
	__u16 saw_tstamp : 1;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	struct tcp_options_received rx_opt;
	__u8 repair : 1;
	__u8 fastopen_connect : 1; /* 4.11 */
	__u8 tcp_usec_ts : 1;	   /* 6.7 */
	_Bool is_mptcp;		   /* with CONFIG_MPTCP */
	__u32 snd_una;
	__u32 write_seq;
	__u32 retrans_stamp;
	__u32 srtt_us; /* times 8 */
	__u32 lsndtime;
	__u32 total_retrans;
	__u32 segs_in, segs_out;
};

struct mptcp_sock {
	struct sock *first; /* its socket of TCP, that which connects */
};

struct mptcp_subflow_context {
	struct sock *conn; /* the socket of MPTCP */
};

struct net_device {
	int ifindex;
	possible_net_t nd_net;
};

struct dst_entry {
	struct net_device *dev;
};

struct sk_buff {
	unsigned long _skb_refdst; /* a struct dst_entry, and in the lowest bit how it is held */
	unsigned long _nfct;	   /* with CONFIG_NF_CONNTRACK: a struct nf_conn, and in NFCT_INFOMASK its direction */
	struct net_device *dev;
	struct sock *sk;
	int skb_iif;
	__u8 fclone : 2;
	char cb[48];
	__u16 network_header;
	unsigned char *head, *data;
};

union nf_inet_addr {
	__u32 all[4]; /* IPv4 in the first, the rest 0 */
};

union nf_conntrack_man_proto {
	__be16 all;
};

struct nf_conntrack_man {
	union nf_inet_addr u3;
	union nf_conntrack_man_proto u;
	__u16 l3num;
};

struct nf_conntrack_tuple {
	struct nf_conntrack_man src;
	struct {
		union nf_inet_addr u3;
		union nf_conntrack_man_proto u;
		__u8 protonum;
	} dst;
};

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
};

struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2];
	unsigned long status;
	possible_net_t ct_net;
};

struct sock_extended_err {
	__u32 ee_errno;
	__u8 ee_origin;
	__u8 ee_type;
	__u8 ee_code;
};

struct sock_exterr_skb {
	struct sock_extended_err ee;
};

struct pt_regs___x86 {
	unsigned long dx, si, di, orig_ax;
};

struct pt_regs___arm64 {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
};

#pragma clang attribute pop

#endif
