/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_OBSERVE_FLOWS_H
#define SYNSENT_SOURCES_OBSERVE_FLOWS_H

#include "sources/fates.h"
#include "sources/observe.h"
#include "sources/procs.h"
#include "sources/sockdiag.h"

/* The observation's inside: its table of sockets, and the parts that share it.  Private to sources/observe*.c. */

#define FLOWS_MAX 2048
#define FLOW_BUCKETS 512
#define ENDS_KEPT 32
#define PASSING_MAX 1024
#define MS 1000000LL

enum known_state {
	KNOWN_FREE,
	KNOWN_FRESH,  /* told by a packet or a connect(); sock_diag has not shown it */
	KNOWN_LISTED, /* sock_diag had it in SYN_SENT at the last look */
	KNOWN_GONE,   /* it left SYN_SENT, and who ended it is being found out */
	KNOWN_OVER,   /* all is told */
};

/*
 * The namespace's counters, read between two moments: all that was counted by
 * t_ns is in them, and nothing that was counted after read_ns.
 */
struct counts {
	int64_t t_ns; /* 0: not known */
	int64_t aborts, fails;
	int64_t read_ns;
	int64_t icmp;	     /* -1: not known */
	int64_t closed_hard; /* among others, sockets with SO_LINGER 0 */
	int64_t resets;	     /* of sockets that were established */
};

/* One socket: what is known of it, so that each thing is told once. */
struct known {
	enum known_state state;
	int next;     /* in its bucket: younger ones first */
	bool watched; /* it goes to the observed server; others only count where kernel counters are shared out */
	struct flow flow;
	uint64_t cookie; /* 0: not known yet */
	uint32_t device; /* that its socket is bound to; 0: none, or not known yet */
	bool has_isn;
	uint32_t isn;
	struct endpoint wire_server; /* that its packets go to in place of its own; port 0: not known to be another */

	int64_t syn0_ns, last_syn_ns; /* 0: not seen */
	bool packets;		      /* SYNs are seen as packets */
	bool replied;		      /* something came back: the kernel's timer may have been set anew */
	int64_t connect_ns;
	bool has_policy;	  /* told by observe_connect */
	int64_t born_ns, seen_ns; /* first known; last seen in SYN_SENT */
	int64_t due_ns;		  /* the kernel's timer cannot fire before; 0: not known */
	bool in_this_look, refresh, first_listed;
	bool crossed; /* the other side's SYN came to it */
	struct event_state last;
	int retransmits;  /* so often its timer fired, by what is told */
	int resent;	  /* so many SYNs were sent then */
	uint32_t segs_in; /* that it did not want, at the last look */

	bool owner_known;
	int owner_tries;
	int64_t owner_next_ns;
	int32_t pid;
	char comm[16];
	bool blocking; /* its connect() is known to wait */
	bool held;     /* a walk found who holds it, which is news beside who called connect() */
	int n_holders; /* when there were several at the last walk, else 0 */
	int32_t holders[PROCS_HOLDERS_MAX];

	int phase_looks; /* how often the jiffy of its timer was read */
	bool has_phase, new_phase;
	uint64_t phase;
	int64_t phase_edge_ns;
	int64_t armed_ns; /* when that jiffy began */
	int64_t timer_ns; /* when the timer was set that the last look showed; 0: not known */

	int64_t destroyed_ns; /* the kernel told that it was; 0: it did not */
	bool undone;	      /* ... when it had no server any more */
	bool answered;	      /* ... and that a segment had come to it */
	int64_t gone_ns;      /* seen to be gone */
	bool may_be_timeout;
	bool connected;		     /* it left SYN_SENT for another state than CLOSE */
	struct counts before, after; /* its end lies between them */
};

struct observe {
	struct observe_opts o;
	struct live *live[2]; /* NULL: blind, or there is no second one */
	struct err blind;
	struct sockdiag *diag;
	int destroyed; /* the destroy group; -1: not listened to */
	struct jiffies_clock jiffies;
	int64_t shift_ns; /* event time = CLOCK_MONOTONIC + shift */
	int64_t ahead_ns; /* the wall clock's, when packets were read last, and when that was */
	int64_t read_ns;
	bool stepped;	      /* it was set meanwhile */
	int64_t look_rest_ns; /* after the last look, so that looks do not take all the time */
	int64_t last_look_ns, next_look_ns, next_walk_ns, last_dump_ns;
	struct counters dumped; /* before the last dump that showed all */
	bool dump_failed;	/* the last one did not */
	uint64_t n_packets, lost;
	uint64_t no_room, no_room_told; /* sockets that found no place in the table */
	int32_t hint;
	struct event ends[ENDS_KEPT]; /* EVENT_EXITs, the last ones: a process may be blamed after its end was told */
	unsigned int next_end;
	uint64_t pidns;
	int64_t next_holders_ns, holders_ns; /* walks for holders: the next one not before, the last one */
	unsigned long tasks;		     /* the last task that was made, by its pid, before that walk */
	struct fates *fates;
	struct counters counters;
	struct counts now, was;	       /* read before the last look, before the one before it */
	uint32_t passing[PASSING_MAX]; /* initial sequence numbers of SYNs that came in, by their low bits */
	int heads[FLOW_BUCKETS];
	int n_flows; /* ever used */
	struct known flows[FLOWS_MAX];
};

void flows_init(struct observe *ob);

/* A new entry, or NULL when there is no room (counted). */
struct known *flows_add(struct observe *ob, const struct flow *f, bool watched);

/* The entry of a SYN; new where there is none, but with own_only.  NULL: no room, or it is over, or another's. */
struct known *flows_of_syn(struct observe *ob, const struct flow *f, uint32_t isn);

/*
 * The entry of a socket that sock_diag showed, likewise.  NULL, too, while another SYN from the same port was read than
 * that of a socket which may be there still, for all that is known: either may have been shown, before that SYN or
 * after it.  Then check_gone() finds that the former one is gone, and the next answer is the younger one's.
 */
struct known *flows_of_socket(struct observe *ob, const struct event_state *s);

/* Another SYN went the same way later: what is asked of that flow is of its socket. */
bool flows_younger(struct observe *ob, const struct known *k);

/* The entry of that SYN, or NULL. */
struct known *flows_of_isn(struct observe *ob, const struct flow *f, uint32_t isn);

/* The entry of the socket with that cookie, whose server may be forgotten by now; or NULL. */
struct known *flows_of_cookie(struct observe *ob, const struct event_state *s);

/* The youngest entry of that flow, or NULL. */
struct known *flows_find(struct observe *ob, const struct flow *f);

/* sources/observe_own.c: a SYN of this namespace's own, and not one that came to it or passes through. */
bool syn_is_own(struct observe *ob, const struct packet *p);

/*
 * sources/observe_nat.c: packets whose server was translated are read as if it was not; a new SYN is that of a socket
 * which waits, likewise; and so was the SYN of an entry for which there is no socket.
 */
void nat_undo(struct observe *ob, struct event *ev);
void nat_find(struct observe *ob, struct event *ev);
bool nat_gone(struct observe *ob, struct known *k);

/* A SYN, and no SYN-ACK. */
bool observe_is_syn(const struct event *ev);

/* A socket is known to have been there, and not just a SYN. */
bool socket_was_seen(const struct observe *ob, const struct known *k);

/* Flows to it are observed. */
bool observe_watches(const struct observe *ob, const struct endpoint *server);

/* sources/observe_look.c: asks sock_diag, and gives what is news.  0 or -errno. */
int observe_look(struct observe *ob, struct err *e);
void observe_read_packets(struct observe *ob, struct err *e, int *ret);

/* sources/observe_tell.c: what is told of a socket in SYN_SENT. */

/*
 * The jiffy in which SYN 0's timer was armed, as the kernel tells it, or, when
 * it does not, the jiffy of SYN 0's time; and when the timer that runs was set.
 */
void socket_find_phase(struct observe *ob, struct known *k, const struct sockdiag_socket *s);

/* One walk through /proc for all sockets whose process is not known yet; walks take a quarter of the time at most. */
void sockets_find_owners(struct observe *ob, int64_t now);

/* sources/observe_holders.c: all processes that hold a socket; those of whom one may have ended it. */
void sockets_find_holders(struct observe *ob, int64_t now);
void socket_blame_holder(struct observe *ob, struct known *k);
void socket_tell_end(struct observe *ob, const struct known *k);

/* Its state event, and all that is new about it. */
void socket_give_state(struct observe *ob, struct known *k, int64_t t_ns);
void socket_tell(struct observe *ob, struct known *k, int64_t now);

/*
 * A SYN that was sent again since the last look, by the socket's count at its end: `n` in all, what was sent again once
 * it was connected among them.
 */
void socket_tell_resent(struct observe *ob, struct known *k, uint32_t n);

/* SYN 0, when no packet showed it: at t_ns unless more is known. */
void socket_give_first(struct observe *ob, struct known *k, int64_t t_ns);

/*
 * sources/observe_left.c: a socket with that entry is connected, or was destroyed; what became of one that left
 * SYN_SENT otherwise; and whether one that the kernel did not end may have connected, and be there or have been reset.
 */
void socket_connected(struct observe *ob, struct known *k, const struct sockdiag_socket *s);
void socket_destroyed(struct observe *ob, struct known *k, const struct sockdiag_socket *s);
void socket_tell_left(struct observe *ob, const struct known *k);
bool socket_may_have_connected(const struct known *k);

/* Its process has it still. */
bool socket_is_held(const struct known *k);

/* sources/observe_gone.c: sockets that left SYN_SENT, and who ended them. */
void gone_begin(struct observe *ob, struct known *k);
void gone_resolve(struct observe *ob);
void gone_count(struct observe *ob);

#endif
