/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_OBSERVE_H
#define SYNSENT_SOURCES_OBSERVE_H

#include <poll.h>
#include <stdbool.h>

#include "core/event.h"
#include "packet/decode.h"
#include "sources/counters.h"
#include "sources/jiffies.h"
#include "sources/live.h"
#include "util/err.h"

/*
 * Theory of operation.  One network namespace, seen from two sides at once: its
 * packets, and what the kernel says of its sockets.  Packets give the times;
 * sock_diag, asked every few ms while something may happen, gives the
 * retransmission count (which goes on where a firewall eats SYNs before any
 * packet socket sees them), the process, the timer, and the disappearance of a
 * socket.  The phase of jiffies at SYN 0, which makes the schedule exact, is
 * worked out from SYN 0's time and attached to the first state event.  The
 * namespace's own counters tell which sockets the kernel gave up, where that
 * can be told apart (sources/observe_gone.c).
 *
 * All event times are CLOCK_MONOTONIC shifted by one constant, so a step of
 * the wall clock does not bend them.
 */
struct observe;

#define OBSERVE_FDS_MAX 3

struct observe_opts {
	const char *device;	/* "lo" */
	struct endpoint server; /* what is observed: flows to this endpoint; none: to any */
	const char *filter;	/* of packets, in the pcap-filter language; NULL: all of TCP to it, and ICMP */
	int snaplen;		/* of packets; 0: enough for the headers and what a client says first */
	int buffer;		/* as live_opts has it */
	bool own_only;		/* only flows told by observe_connect(): asked for one by one, on a host of any size */
	bool shared; /* with others, whose attempts may come and go unseen: counters that moved tell nothing */
	bool packets_optional; /* go on without packets when they may not be seen, or no longer: observe_blind() */
	struct policy policy;  /* of sockets whose own options are not known (programs of others) */
	/* Borrowed pointers, valid for the call.  A packet is given before its event. */
	void (*on_packet)(const struct live_packet *p, const struct packet *decoded, void *user);
	void (*on_event)(const struct event *ev, void *user);
	/* A socket that was found in SYN_SENT, once. */
	void (*on_socket)(const struct event_state *s, void *user);
	/* One that was gone before it was found, and whose SYN was not seen either: may tell of it by
	 * observe_connect(). */
	void (*on_missed)(const struct event_state *s, void *user);
	void *user;
};

/* 0 or -errno. */
int observe_new(const struct observe_opts *o, struct observe **ret, struct err *e);
void observe_free(struct observe *ob);

/* Packets of a second interface, too, from now on; once is enough, and of "any" all are seen.  0 or -errno. */
int observe_also(struct observe *ob, const char *device, struct err *e);

/* NULL when packets are seen, else why not. */
const struct err *observe_blind(const struct observe *ob);

/* The event clock's now. */
int64_t observe_now(const struct observe *ob);

/* The event time of a CLOCK_MONOTONIC instant. */
int64_t observe_time(const struct observe *ob, int64_t mono_ns);

/* The policy from now on, as observe_opts has it; of those that wait, too. */
void observe_set_policy(struct observe *ob, const struct policy *p);

/* What a connect() of our own client is known to be: its policy and pid stand for that socket.  Gives EVENT_CONNECT. */
void observe_connect(struct observe *ob, const struct event_connect *c, int64_t t_ns);

/* Looks at sock_diag at the next pump: a socket may be there whose SYN no packet shows. */
void observe_soon(struct observe *ob);

/* The socket of that flow, told of by observe_connect(), has this cookie: none that has its port later is meant. */
void observe_socket(struct observe *ob, const struct flow *f, uint64_t cookie);

/* The cookie of the socket of that flow; 0: there is none now, in SYN_SENT or past it. */
uint64_t observe_cookie(struct observe *ob, const struct flow *f);

/*
 * That process (0: not known) is about to call connect(), and waits until this returns: packets that are older than the
 * call are given now, and it is seen whether the process's earlier attempts are over (of a few), so that what it gave
 * up before the call is known to have ended before.
 */
void observe_call_begins(struct observe *ob, int32_t pid);

/* The pid (as the host sees it) that most likely holds new sockets. */
void observe_hint(struct observe *ob, int32_t pid);

/*
 * Only processes of that PID namespace can hold sockets (0: not known).  Then who holds one is asked again and again,
 * for a child may have it, or another process have been given it, and be the one who ends it.
 */
void observe_among(struct observe *ob, uint64_t pidns);

/* Up to OBSERVE_FDS_MAX descriptors to poll for reading; returns how many. */
int observe_fds(const struct observe *ob, struct pollfd *fds);

/* Milliseconds until the next look at sock_diag. */
int observe_wait_ms(const struct observe *ob);

/* Reads what is there, looks at sock_diag when it is time, and gives the events.  0 or -errno. */
int observe_pump(struct observe *ob, struct err *e);

/*
 * The namespace's counters, as they were before the last look that showed all its sockets in SYN_SENT: what was counted
 * by then was known after it, or had gone.  Borrowed, and changed by the next.
 */
const struct counters *observe_counters(const struct observe *ob);

/* A process ended: what it left behind is looked at, then its EVENT_EXIT given.  0 or -errno. */
int observe_exit(struct observe *ob, const struct event_exit *x, struct err *e);

/* The next pump looks at once, and where it is shared at all sockets: something ended just now. */
void observe_hurry(struct observe *ob);

/* Reads what packets there are, and no more.  0 or -errno. */
int observe_packets(struct observe *ob, struct err *e);

/* A segment that somebody saw where no packet socket does: as if it had been read here.  on_packet is not called. */
void observe_segment(struct observe *ob, const struct event *ev);

/* True when of all that left SYN_SENT it is told who ended it, as far as it ever will be; takes some 50 ms. */
bool observe_settled(const struct observe *ob);

/*
 * A socket to the server that is in SYN_SENT still, or sent a SYN just now, and
 * was there at that time; or NULL.  Borrowed until the next pump; pid 0: not known.
 */
const struct event_state *observe_waiting(struct observe *ob, int64_t since_ns);

#endif
