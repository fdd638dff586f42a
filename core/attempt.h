/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_ATTEMPT_H
#define SYNSENT_CORE_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"

#define ATTEMPT_SYNS_MAX 255 /* SCHEDULE_SYNS_MAX: every SYN the kernel can send */
#define ATTEMPT_REPLIES_MAX 16
#define ATTEMPT_DROPS_MAX 4
#define ATTEMPT_PATH_LEN 96

struct reply {
	int64_t t_ns;
	uint64_t packet;
	enum reply_kind kind;
	enum ignored ignored; /* IGNORED_NOT: accepted */
	uint8_t icmp_family, icmp_type, icmp_code;
	bool own; /* an ICMP that this host sent to itself, by its loopback device */
	uint8_t ttl;
	uint32_t more; /* as many others like it came before it, whose times are not known */
	struct addr from;
	uint32_t seq, ack;
	bool has_echo; /* SYN-ACK: the timestamp that it echoes is none that a client takes, core/echo.h: `echo` */
	uint32_t echo;
};

struct drop {
	enum drop_place place;
	bool reply;	  /* a reply was dropped, not the SYN */
	bool unproven;	  /* in another namespace: it is not known to be the SYN, and no copy of it */
	bool may_be_copy; /* ... and copies are made in the attempt's own namespace */
	uint64_t packets;
	int64_t last_ns; /* when it was so last; 0: not known */
	char reason[32];
	char function[48];
	char rule[160];
	enum rule_by rule_by;
	bool rule_untraced;	 /* tracing the rules there would name it */
	uint32_t netns;		 /* where; 0: not known */
	uint32_t ifindex;	 /* of the device there; 0: not known */
	struct endpoint sent_to; /* where a NAT rule had sent it instead; port 0: none had, or that is not known */
	bool has_opener;
	uint32_t opener; /* of a SYN: the uid that opened its socket, as rules of its network namespace have it */
};

/* How the attempt's socket or process is known to have ended. */
enum attempt_end {
	ATTEMPT_OPEN,
	ATTEMPT_END_RESULT,  /* connect() or SO_ERROR gave end_error (0: connected) */
	ATTEMPT_END_TIMER,   /* the client's own timer fired, by its own word */
	ATTEMPT_END_CLOSE,   /* the socket went away; close_cause */
	ATTEMPT_END_SIGNAL,  /* the process died of end_signal */
	ATTEMPT_END_EXIT,    /* the process exited */
	ATTEMPT_END_PACKETS, /* only the wire is known, and it decided */
	ATTEMPT_END_N,
};

/* Whether NAT of this host may have sent what an RST refused to another place than is known. */
enum sent_on {
	SENT_ON_NOT,
	SENT_ON_PERHAPS,       /* its network namespace has NAT rules for what it sends */
	SENT_ON_PERHAPS_THERE, /* another one has them for what it passes on */
	SENT_ON_UNKNOWN,       /* what its network namespace has could not be looked at */
};

/*
 * One active open: 4-tuple + ISN (packets), or one socket's stay in SYN_SENT
 * (kernel).  It holds what was seen, and nothing that was concluded: that is
 * core/verdict.h.  All times are ns since 1970; 0 where a thing did not happen.
 */
struct attempt {
	struct flow flow;
	uint32_t isn;
	bool has_isn;

	int n_syns; /* SYN 0 included; from packets, or from the kernel's count where no packet was seen */
	int64_t syn_ns[ATTEMPT_SYNS_MAX]; /* 0: counted by the kernel, its time not known */
	uint32_t syn_len;		  /* payload of SYN 0, bytes (TCP Fast Open) */
	int64_t queued_ns; /* the kernel had sent SYN 0 so long before one was seen to leave; 0: not so */
	bool syns_seen;	   /* at least one SYN was seen as a packet */
	bool has_tsvals;   /* each that was seen has a timestamp */
	uint32_t first_tsval, last_tsval; /* of the first and the last SYN that were seen */
	uint64_t first_packet;

	/* Of captures. */
	uint32_t number; /* in order of the attempts' SYN 0, from 1; 0: not numbered */
	uint32_t file;	 /* ordinal of the capture file that holds SYN 0, from 0 */
	uint8_t syn_ttl; /* of SYN 0; 0: not known */
	bool syn_bad_checksum;
	bool crossed;		/* the other side sent a SYN of its own: simultaneous open */
	int64_t reset_ns;	/* the first RST from the server's side after the handshake was complete; 0: none */
	uint8_t reset_ttl;	/* ... and its TTL */
	bool answered_by_reset; /* after it was over came the first answer to its SYN that a capture has: an RST */
	char path[ATTEMPT_PATH_LEN]; /* the encapsulation around SYN 0: "vlan 10", "vxlan 5 192.0.2.1 > 192.0.2.2"; ""
				      */

	int n_replies; /* all; the first ATTEMPT_REPLIES_MAX are kept */
	struct reply replies[ATTEMPT_REPLIES_MAX];
	bool has_answered;
	int answered_syn;      /* the SYN whose timestamp the accepted SYN-ACK echoes (RFC 7323 section 3.2) */
	int64_t ack_ns;	       /* the ACK that completed the handshake */
	int64_t client_rst_ns; /* an RST from the client (answering a late SYN-ACK) */
	int64_t fin_ns[2];     /* first FIN of the client, of the server */

	int64_t connect_ns; /* connect() was called */
	bool options_known; /* its socket is this program's own: `policy` has all that is set in it */
	int64_t ended_ns;
	enum attempt_end end;
	enum close_cause close_cause;
	int end_error, end_signal;
	int64_t exit_ns; /* the process ended */
	int exit_signal, exit_status;
	bool exited;

	int64_t first_state_ns; /* a socket in SYN_SENT was first seen; 0: never */
	bool found_waiting;	/* ... and had sent SYNs before that were not seen */
	int wait_error; /* connect() gave this errno (EINTR, EINPROGRESS, ...) and the socket went on; 0: none */

	bool connected; /* the kernel showed the socket past SYN_SENT, at connected_ns for the first time */
	int64_t connected_ns;
	bool translated;   /* it is none: its SYN was another attempt's, whose server is translated */
	bool socket_again; /* its socket connects once more: it was taken back, or the kernel had ended it */
	bool replaced;	   /* another attempt with the same ports began: this one was over by then */
	bool evicted;	   /* it was no longer followed, for want of room */

	/* Of the socket's disappearance, as in event_close, and in event_left where that was told. */
	int64_t unseen_ns, timer_left_ns;
	bool holder_alive, holder_ending, several_holders;
	bool has_left, left_failed, left_answered;

	/* Of the kernel's tracepoints. */
	bool traced;	 /* they told of it: nothing is to be inferred from what packets were seen */
	bool late_found; /* its begin was not told: before the observation, or lost */
	/* polling shows the program no soft error: MPTCP's (net/mptcp/subflow.c subflow_error_report()), nor one of
	 * IPv6 that it did not ask for (IPV6_RECVERR; net/ipv6/tcp_ipv6.c tcp_v6_err()) */
	bool soft_unshown;
	bool soft_seen;	      /* the tracepoint told when one was noted */
	bool soft_left;	      /* when the program closed the socket, it had not asked for it (SO_ERROR, MSG_ERRQUEUE) */
	bool route_asked;     /* when its connect() had failed at once; the three below are the answer */
	bool to_broadcast;    /* the server is a broadcast address of its network namespace, by the routes there */
	bool no_ipv6;	      /* its network namespace has no address of IPv6, and the server's is one */
	int route_error;      /* that they refuse the server with; 0: they have a way to it */
	bool v6only;	      /* its socket is for IPv6 alone, and the server's address is one of IPv4 */
	bool port_sought;     /* its connect() failed at once, and had come to look for a source port */
	bool deferred;	      /* connect() sent no SYN: TCP_FASTOPEN_CONNECT waits for the first write */
	bool may_be_deferred; /* ... or may have sent none so far */
	bool drops_missed;    /* so much was dropped meanwhile that there may be more of it than is told of */
	bool let_go;	      /* the kernel closed it, when nobody held it any more: io_uring, SCM_RIGHTS */
	int32_t closer_pid;   /* the process that closed it, or ended with it; 0: not known */
	uint64_t segments_in; /* that reached the socket, those that did not count among them */
	bool has_timer_word, timer_fired; /* the kernel ended it, by its retransmission timer or by what came */
	uint32_t netns;			  /* inode number of its network namespace; 0: not known */
	uint64_t cgroup;		  /* cgroup v2's id; 0: not known */
	uint64_t inode;			  /* of its socket; 0: not known */

	/* Just after its end this next hop, on that device, had not answered ARP or ND; family 0: not known to be so.
	 */
	struct addr silent_hop;
	char silent_device[16];

	/*
	 * At its end, or just after it, NAT of this host sent it there; port 0: to no other place, or not known.  That
	 * of this network namespace (inode number); 0: its own.
	 */
	struct endpoint sent_to;
	uint32_t sent_by_netns;
	enum sent_on may_be_sent_on;
	uint32_t may_be_sent_by; /* of SENT_ON_PERHAPS_THERE: that network namespace (inode number) */

	bool socket_seen; /* a socket was seen (sock_diag, connect or result), so silence on the wire proves nothing */
	uint64_t cookie;
	int retransmits; /* as the kernel last said: its timer fired so often; -1: never */
	/* Of these, so often no SYN was sent: the one before was still on this host, in a neighbour's or device's
	 * queue, or there was no route (net/ipv4/tcp_output.c __tcp_retransmit_skb()). */
	int unsent;
	int64_t last_state_ns;
	int soft_error; /* errno that was noted in SYN_SENT, of an ICMP or, traced, of a route that failed; 0: none */

	bool has_policy, limits_changed;
	struct policy policy, policy_before; /* as it was last; as it was before limits changed */
	bool has_phase;
	uint64_t phase;
	int64_t phase_edge_ns;
	bool blind; /* packets could not be seen */
	/* It is one of a namespace that is shared, looked at now and then: who holds it was looked for once, and what
	 * was seen may be of others. */
	bool glimpsed;
	bool own_timer;
	int64_t own_timer_ns;
	/* What its process connected to, at the same port, while this one waited, and just before it closed it: so this
	 * one lost the race, likely; 0: nothing. */
	struct endpoint winner;
	int64_t winner_ns;

	int32_t pid;
	char comm[16];
	uint32_t uid;
	bool has_uid;
	bool of_command; /* glimpsed: its process is the command that is watched, or below it */

	int n_drops;
	struct drop drops[ATTEMPT_DROPS_MAX];

	bool has_abort_count;	  /* it is known whether the kernel counted a give-up for this attempt */
	int64_t abort_on_timeout; /* TcpExtTCPAbortOnTimeout moved by this much for it */
	bool has_fail_count;	  /* the same for any end of it by the kernel: timeout, RST, ICMP */
	int64_t attempt_fails;	  /* TcpAttemptFails */
	bool has_icmp_count;	  /* whether any ICMP error came to the namespace when it ended */
	int64_t icmp_errors;
	int64_t listen_overflows;  /* TcpExtListenOverflows */
	uint64_t lost;		   /* events that the sources lost meanwhile */
	int64_t observed_until_ns; /* the observation's end */
};

/* When SYN 0 left, or, when that is not known, connect() was called or the socket first seen; the base of every
 * reported time. */
int64_t attempt_start_ns(const struct attempt *a);

/* So many SYNs were sent, seen or counted. */
int attempt_syns_sent(const struct attempt *a);

/* The first accepted reply, or NULL. */
const struct reply *attempt_accepted_reply(const struct attempt *a);

/* SYNs left, nothing was seen to come back, and where they were lost is not known. */
bool attempt_syns_are_lost(const struct attempt *a);

/* One of the replies came to this host, and did not reach the socket. */
bool attempt_answer_was_dropped(const struct attempt *a);

/* Which SYN was answered by a SYN-ACK; -1: of several, which one is not known. */
int attempt_answered_syn(const struct attempt *a);

/*
 * What is dropped is a SYN, by TCP itself and for no reason.  Of a server that has answered: it has come again, and is
 * answered once more and then freed (net/ipv4/tcp_minisocks.c tcp_check_req(), which returns NULL), so it was not lost.
 */
bool drop_is_as_of_repeated_syn(const struct drop *d);

/*
 * The reasons of a DROP_PEER_BACKLOG: no tracepoint tells of it.  It is "likely" where another listener may be the one,
 * and the SYN queue's also where it is not known whether the kernel let this SYN through.
 */
#define DROP_ACCEPT_QUEUE "accept queue full"
#define DROP_ACCEPT_QUEUE_LIKELY DROP_ACCEPT_QUEUE ", likely"
#define DROP_SYN_QUEUE "SYN queue full"
#define DROP_SYN_QUEUE_LIKELY DROP_SYN_QUEUE ", likely"

bool drop_is_of_syn_queue(const struct drop *d);

/* What connect() returned ends its wait, not the socket's: EINPROGRESS, EAGAIN, EALREADY, EINTR. */
bool attempt_error_is_provisional(int error);

#endif
