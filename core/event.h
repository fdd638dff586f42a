/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_EVENT_H
#define SYNSENT_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/schedule.h"
#include "core/words.h"

/*
 * What a source saw.  Every source, live, offline or lab, speaks in these; the
 * tracker knows nothing else.  An event owns nothing: it can be copied, kept,
 * written to a file (core/event_text.h) and replayed.
 */
enum event_kind {
	EVENT_NONE,
	EVENT_SEGMENT,	  /* a TCP segment was seen on the wire */
	EVENT_ICMP,	  /* an ICMP error that quotes a TCP segment was seen, or came by the error queue */
	EVENT_CONNECT,	  /* a process called connect() */
	EVENT_STATE,	  /* the kernel reports a socket (sock_diag, tcp_info) */
	EVENT_RETRANSMIT, /* the kernel sent SYN n again, whether or not a packet was seen */
	EVENT_RESULT,	  /* connect(), or SO_ERROR, gave this errno (0: connected) */
	EVENT_CLOSE,	  /* the socket left SYN_SENT or was destroyed */
	EVENT_LEFT,	  /* what became of a socket that left SYN_SENT, told after its EVENT_CLOSE */
	EVENT_EXIT,	  /* a process ended */
	EVENT_DROP,	  /* packets of an attempt were dropped, and by what */
	EVENT_COUNTER,	  /* a kernel counter moved */
	EVENT_LOST,	  /* the source lost events */
	EVENT_KIND_N,
};

/* TCP flags as in the header's 13th and 14th byte (RFC 9293 section 3.1; AE: RFC 9768). */
enum tcp_flag {
	TCP_FIN = 0x001,
	TCP_SYN = 0x002,
	TCP_RST = 0x004,
	TCP_PSH = 0x008,
	TCP_ACK = 0x010,
	TCP_URG = 0x020,
	TCP_ECE = 0x040,
	TCP_CWR = 0x080,
	TCP_AE = 0x100,
};

/* A flow as the client sees it.  Fields not known are none or 0. */
struct flow {
	struct endpoint client, server;
};

struct event_segment {
	struct endpoint src, dst;
	uint32_t seq, ack;
	uint32_t len; /* payload, bytes */
	uint16_t flags;
	uint16_t window;
	uint8_t ttl;	   /* or hop limit */
	bool bad_checksum; /* known to be wrong; never set for a partial (offloaded) checksum */
	bool has_ts;
	uint32_t tsval, tsecr;
};

struct event_icmp {
	struct flow flow;    /* the quoted segment's, so client is its source */
	struct addr from;    /* the sender of the error */
	uint32_t quoted_seq; /* valid if has_seq */
	bool has_seq;
	uint8_t family; /* 4 or 6 */
	uint8_t type, code;
	int error; /* errno that the kernel gave for it, 0 when not known (packets) */
};

struct event_connect {
	struct flow flow; /* client.port when bound before, else 0 */
	int32_t pid;	  /* as the host sees it; 0: unknown */
	char comm[16];
	struct policy policy; /* in force for this socket */
	bool has_policy;
	bool blind;	      /* its packets cannot be seen, so that none was seen says nothing */
	bool own_timer;	      /* the client has a timer of its own ... */
	int64_t own_timer_ns; /* ... of this length */
};

struct event_state {
	struct flow flow;
	uint64_t cookie; /* sock_diag's; 0: unknown */
	bool has_isn;	 /* which of several sockets of one flow, one after the other, where the source knows */
	uint32_t isn;
	uint8_t state; /* TCP_SYN_SENT = 2, ... (include/net/tcp_states.h) */
	uint8_t retransmits;
	uint8_t unsent; /* as in core/attempt.h */
	uint8_t backoff;
	uint8_t timer;	     /* idiag_timer: 1 = retransmit */
	uint32_t expires_ms; /* nominal: early by the timer wheel's slack */
	uint32_t rto_us;
	uint32_t rqueue, wqueue;
	uint32_t uid, inode;
	bool has_phase;
	uint64_t phase;	       /* jiffies at SYN 0, low bits (kernel-facts: tcpi_last_data_sent) */
	int64_t phase_edge_ns; /* how long after that jiffy began SYN 0 left */
	int32_t pid;	       /* 0: unknown */
	char comm[16];
	bool has_policy;
	struct policy policy;
};

struct event_retransmit {
	struct flow flow;
	int n; /* SYN n, 1.. */
};

struct event_result {
	struct flow flow;
	int error;	/* errno; 0: connected */
	bool own_timer; /* the client's own timer fired: `error` is then 0 or ETIMEDOUT by its own word */
};

enum close_cause {
	CLOSE_UNKNOWN,	   /* it is gone; why is to be inferred */
	CLOSE_APPLICATION, /* close, shutdown or disconnect by the application */
	CLOSE_KERNEL,	   /* the kernel set sk_err */
	CLOSE_CAUSE_N,
};

struct event_close {
	struct flow flow;
	uint64_t cookie; /* of the socket that closed; 0: unknown */
	bool has_isn;
	uint32_t isn;
	enum close_cause cause;
	int error;	       /* sk_err, for CLOSE_KERNEL */
	int retransmits;       /* as last known; -1: unknown */
	int64_t unseen_ns;     /* it was last seen in SYN_SENT so long before; 0: not known */
	int64_t timer_left_ns; /* the kernel's own timer could not fire for so long after; 0: it could, or not known */
	int32_t closer;	       /* the process that closed it, by its end or not; 0: not known */
	bool holder_alive;     /* the process that held it went on without it */
	bool holder_ending;    /* that process was ending, or gone, too */
	bool several_holders;  /* several processes had it when that was looked at last */
	bool packets_only;     /* its SYN was seen, and no socket that sent it */
	bool translated;       /* its SYN is that of another attempt, whose server is translated (DNAT): it is none */
};

/* Neither `failed` nor `answered`: it was destroyed as one that was connecting still, and nothing ended it before. */
struct event_left {
	struct flow flow;
	uint64_t cookie; /* 0: unknown */
	bool has_isn;
	uint32_t isn;
	bool failed;   /* a connect() that waited did, and did not connect it */
	bool answered; /* a segment came to it at its end, and did not connect it */
};

struct event_exit {
	int32_t pid;
	int signal; /* 0: it exited by itself */
	int status; /* exit status when signal == 0; EXIT_UNKNOWN: it ended, and nobody knows how */
};

#define EXIT_UNKNOWN (-1)

struct event_drop {
	struct flow flow; /* ports of 0 match any attempt to that server */
	enum drop_place place;
	bool reply; /* the reply was dropped, not the SYN */
	uint64_t packets;
	char reason[32];
	char function[48];
	char rule[160];
};

/* A counter belongs to a namespace; the source says which attempt it moved for, or client.port 0 when it does not tell.
 */
struct event_counter {
	struct flow flow;
	uint64_t cookie; /* of the socket; 0: unknown */
	bool has_isn;
	uint32_t isn;
	char name[40]; /* "TCPAbortOnTimeout", "AttemptFails", "ListenOverflows", "IcmpErrors" (all that came) */
	int64_t delta;
};

struct event_lost {
	char source[16];
	uint64_t n;
};

struct event {
	enum event_kind kind;
	int64_t t_ns;	 /* since 1970-01-01 UTC */
	uint64_t packet; /* ordinal in the capture, from 1; 0: not a packet */
	union {
		struct event_segment segment;
		struct event_icmp icmp;
		struct event_connect connect;
		struct event_state state;
		struct event_retransmit retransmit;
		struct event_result result;
		struct event_close close;
		struct event_left left;
		struct event_exit exit;
		struct event_drop drop;
		struct event_counter counter;
		struct event_lost lost;
	};
};

#endif
