/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_SHARED_H
#define SYNSENT_BPF_WATCH_SHARED_H

#ifdef __bpf__
#include "kernel.h"
#else
#include <linux/types.h>
#endif

/* What watch.bpf.c and sources/trace.c say to each other. */

#define WATCH_SYNS_MAX 24 /* retransmissions whose times are kept; the count goes on */
#define WATCH_DROPS_MAX 3 /* places where packets of one attempt were dropped */
#define WATCH_FILTERS_MAX 16
#define WATCH_DROPPERS_MAX 16 /* pieces of the kernel's functions */
#define WATCH_RINGS 4
#define WATCH_PLACES 4096 /* of attempts that wait at once, in the fast table; a power of 2 */
#define WATCH_WAYS 8	  /* places where one may be */

/* What a drop is kept as, by its flow: for the attempt that it is of, ... */
#define WATCH_DROP_SYN 0
#define WATCH_DROP_SYN_ACK 1
#define WATCH_DROP_RST 2
#define WATCH_DROP_INBOUND 3 /* ... or, a SYN's, for those to whom it came */
#define WATCH_DROP_ANSWER 4  /* ... or, that of what they answered */
#define WATCH_DROP_SECOND 5  /* more, where it is the second place */

/* IPv4 in the first four bytes, the rest 0. */
struct watch_addr {
	__u8 b[16];
};

struct watch_flow {
	struct watch_addr client, server;
	__u16 client_port, server_port; /* host order */
	__u8 family;			/* 4 or 6 */
	__u8 room[3];
};

/* A kernel that tells no reasons: the number of the place among those that were given, beyond every reason. */
#define WATCH_REASON_BY_PLACE 0x7fffff00u

/* A place from which kfree_skb() is called for what is dropped alone. */
struct watch_dropper {
	__u64 from, len; /* the kernel's addresses */
};

struct watch_drop {
	__u64 first_ns, last_ns; /* CLOCK_MONOTONIC */
	__u64 location;		 /* the kernel's address */
	__u32 reason;		 /* enum skb_drop_reason of this kernel, or from WATCH_REASON_BY_PLACE on */
	__u32 packets;
	__u32 netns; /* of the device it was on; 0: not known */
	__u32 ifindex;
	__u8 reply;  /* a reply, not the SYN */
	__u8 reset;  /* ... an RST, not a SYN-ACK */
	__u8 output; /* the SYN had not left its socket's hands; with WATCH_DROP_ANSWER: no device had taken it in */
	__u8 unreceived; /* no device had received it; of a SYN on the loopback device that is not known */
	__u8 original;	 /* one of them at least is known to be what TCP sent, and no copy of it */
	__u8 opener_known;
	__u16 to_port; /* where a rule of its namespace had sent the SYN; 0: to where its client had */
	struct watch_addr to;
	__u32 isn;    /* the SYN's, or the one that a reply acknowledges; 0: not known */
	__u32 opener; /* of a SYN with `output`: the user who opened its socket */
};

/*
 * Is it of the attempt with that ISN (0: not known), of that network namespace?  There may be the same addresses and
 * ports in another one, with an ISN that is near.  A reply with another acknowledgment is of the one that it came to.
 */
static inline __attribute__((always_inline)) int watch_drop_is_of(const struct watch_drop *d, __u32 isn, __u32 netns)
{
	return !d->isn || !isn || d->isn == isn || (d->reply && d->netns == netns);
}

/* How an attempt is told. */
#define WATCH_PENDING 0
#define WATCH_CONNECTED 1
#define WATCH_ENDED 2	  /* it left SYN_SENT for CLOSE */
#define WATCH_SEEN_GONE 3 /* the event that told its end was lost; later ones show it over */
#define WATCH_NOT_BEGUN 4 /* connect() failed before a SYN, with `error` (below 0: not known) */

/* Who ended it. */
#define WATCH_NOBODY_KNOWN 0
#define WATCH_KERNEL 1	 /* with `error` */
#define WATCH_PROGRAM 2	 /* that of closer_pid; by its end, if it was exiting */
#define WATCH_DOUBTFUL 3 /* the one or the other */

/* Was it the socket's retransmission timer that ended it?  0: not known. */
#define WATCH_TIMER_FIRED 1
#define WATCH_TIMER_WAITED 2 /* no: something that came */

/* struct watch_attempt.flags */
#define WATCH_NO_BEGIN 1u     /* the event of its begin was lost, or came before this was loaded */
#define WATCH_SIMULTANEOUS 2u /* it went by SYN_RECV */
#define WATCH_SOFT_LEFT 4u    /* the program closed it without asking what error an ICMP had left */
#define WATCH_FILTERED 8u     /* not asked for, and never told */
#define WATCH_EARLIER 16u     /* it began before this was loaded */
#define WATCH_MPTCP 32u	      /* of one of MPTCP, and an ICMP error was noted: its program is not shown that */
#define WATCH_UNTOLD 64u      /* its end was missed, and its connect() is about to return the error; never told */
#define WATCH_UNSENT 128u     /* no SYN had left: TCP_FASTOPEN_CONNECT waits for the first write */
#define WATCH_ERROR_READ 256u /* an error was reported while it waited: one that was read from its error queue */
#define WATCH_FASTOPEN 512u   /* TCP_FASTOPEN_CONNECT: SYN 0 may leave only with the first write; not known when */
#define WATCH_V6ONLY 1024u    /* a socket for IPv6 alone, and a server of IPv4 */
#define WATCH_PORT 2048u      /* with WATCH_NOT_BEGUN: it was in SYN_SENT, where a source port is looked for */
#define WATCH_UNKEPT 4096u    /* so much was dropped while it waited that not all was kept */

struct watch_attempt {
	__u64 socket; /* the kernel's address: what joins the events */
	__u64 cookie; /* sock_diag's; 0: none was made */
	__u64 start_ns, end_ns;
	__u64 jiffies; /* when it began; 0: not known */
	__u64 cgroup;
	__u64 inode;
	__u64 reset_ns; /* an RST was accepted; 0: none */
	__u64 soft_ns;	/* an ICMP error was noted while it waited, first; 0: none */
	__u32 netns, uid, isn, flags;
	__s32 pid; /* the process's, in the PID namespace of /proc; 0: not known */
	__s32 error, soft_error;
	__s32 closer_pid, exit_code;
	__u32 user_timeout_ms, rto_max_j, rto_first_j; /* 0: not set, or not known */
	__u16 n_retrans; /* the events that told of a SYN sent again; `retransmits` is the kernel's count */
	__u8 retransmits, syncnt, retries, linear;
	__u8 how, by, exiting, n_drops;
	__u8 icmp_origin, icmp_type, icmp_code, icmp_has_from; /* of the error queue: SO_EE_ORIGIN_ICMP, ... */
	__u8 cgroup_known, has_more;
	__u8 timer, icmp_own; /* ... by the loopback device: of this host itself */
	__u8 by_thread;	      /* a thread of the kernel closed it, when nobody held it any more */
	__u8 room;
	__u32 segs_in; /* segments that reached the socket */
	__u32 n_sent;  /* SYNs that were sent again, at its end; `retransmits` is how often the timer fired for that */
	struct watch_addr icmp_from;
	struct watch_flow flow;
	char comm[16];
};

/* What a process had connected to, at the same port, when it closed an attempt that waited. */
struct watch_winner {
	__u64 at_ns;	 /* 0: nothing */
	__u64 before_ns; /* when it had connected to that port before, whatever the address; 0: not known */
	struct watch_addr server;
	__u32 family; /* 4 or 6 */
	__u32 room;
};

/* The fields of these names, before they changed while it waited; retries 0: they did not. */
struct watch_limits {
	__u32 user_timeout_ms, rto_max_j;
	__u8 syncnt, retries, linear, room[5];
};

/* Where NAT of this host had sent an attempt that an RST refused. */
struct watch_nat {
	__u64 at_ns;
	struct watch_flow as; /* as it went on from there; family 0: nowhere else, or that is not known */
	__u32 netns;	      /* of that NAT */
};

/* Of an attempt that lost something; few have it. */
struct watch_more {
	__u32 retrans_us[WATCH_SYNS_MAX]; /* since start_ns */
	__u32 syn0_stamp;		  /* TCP's timestamp of SYN 0; 0: not known */
	__u32 answered_us;		  /* how long after SYN 0 that SYN left whose timestamp the SYN-ACK echoes */
	__u32 has_answered;
	__u32 deferred_ms; /* SYN 0, which start_ns tells of, left so long after connect() */
	struct watch_limits before;
	struct watch_drop drops[WATCH_DROPS_MAX];
	struct watch_winner winner;
	struct watch_nat nat;
};

/* What is told: the first alone, or both. */
struct watch_record {
	struct watch_attempt attempt;
	struct watch_more more;
};

/* Counts of each CPU. */
enum watch_count {
	WATCH_N_BEGUN,
	WATCH_N_CONNECTED,
	WATCH_N_ENDED,
	WATCH_N_MISSED_RETRANS, /* ... and by the kernel's count alone */
	WATCH_N_NO_BEGIN,	/* attempts whose begin was not told */
	WATCH_N_NO_END,		/* ... and whose end */
	WATCH_N_NO_ROOM,	/* attempts that found no room in the table */
	WATCH_N_UNTOLD,		/* what found no room in the ring */
	WATCH_N_DROPS_UNKEPT,	/* drops beyond what is kept of them in 10 ms */
	WATCH_COUNTS,
};

/*
 * Attempts that went as most do, and of which nothing but their number is asked for: established by their first SYN, or
 * refused by an RST in answer to it.
 */
#define WATCH_PLAINS 4096	    /* kinds of them; a power of 2 */
#define WATCH_PLAIN_NS 125000000ull /* user space is told at most so often that there are more */

union watch_plain_key {
	struct {
		struct watch_addr server;
		__u16 server_port;
		__u8 family, how; /* WATCH_CONNECTED; WATCH_ENDED: refused */
		__u16 time;	  /* how long it took, by the binary logarithm in us, in eighths */
		__u16 cpu;	  /* modulo WATCH_RINGS, so that CPUs do not wait for each other */
		char comm[16];
	};
	__u64 w[5];
};

struct watch_plain {
	union watch_plain_key key; /* w[2] is written last, and never 0 */
	__u64 n, took_ns;	   /* together */
	__u64 last_ns;		   /* when the last one ended */
};

#endif
