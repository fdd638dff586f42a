/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TRACE_H
#define SYNSENT_SOURCES_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attempt.h"
#include "util/err.h"

/*
 * Every connection attempt of this host, all network namespaces included, by
 * eBPF at the kernel's own tracepoints (bpf/watch.bpf.c): inet_sock_set_state,
 * tcp_retransmit_skb, inet_sk_error_report, tcp_receive_reset, tcp_destroy_sock,
 * kfree_skb.  What connect() returned comes from inet_stream_connect() where the
 * kernel takes programs of the type fexit, and else from sys_exit, which costs
 * every system call of the host 0.1 us.  Needs CAP_BPF, CAP_PERFMON and
 * CAP_NET_ADMIN, and the kernel's BTF; Linux 5.15 or later, for bpf_task_pt_regs().
 * Before 5.18 kfree_skb tells of no reason, or of few: enum trace_drops says what is
 * seen of drops then.  The programs are held by links: they go with this process.
 *
 * What waits already is looked for once, when this is opened, in every descriptor
 * of every process of its PID namespace (a BPF iterator, iter/task_file), whichever
 * network namespace its socket is in: 0.1 to 0.3 us for each, a million of them at
 * a time, and no further million is begun after TRACE_EARLIER_NS.  What no process
 * has a descriptor of (the kernel's own sockets, and those on their way through
 * another socket) and what MPTCP connects is known from its next SYN on, or its end,
 * and perhaps without its process.
 *
 * Memory, in the kernel: TRACE_ATTEMPT_BYTES for each of max_attempts, and
 * TRACE_MORE_BYTES more for those that lost something; 8 MiB of rings; 2 MiB for drops;
 * 1 MiB for the first 4096 that wait; 0.3 MiB for what is counted.  In this process, while
 * very many end at once, up to TRACE_ATTEMPT_BYTES for each of max_attempts and of the first 4096.
 */
struct trace;

#define TRACE_FILTERS_MAX 16
#define TRACE_EARLIER_NS 500000000LL
#define TRACE_ATTEMPT_BYTES 384
#define TRACE_MORE_BYTES 384

struct trace_opts {
	/* Each list is an "or", and all lists that are not empty must hold.  In the kernel. */
	const int32_t *pids;
	int n_pids;
	const char *const *comms; /* the first 15 bytes count, as in the kernel */
	int n_comms;
	const uint32_t *uids;
	int n_uids;
	const uint32_t *netns; /* inode numbers */
	int n_netns;
	uint64_t cgroup;  /* of cgroup v2, by its id, with all below it; 0: any */
	int cgroup_level; /* how deep it lies; 0: the root */
	int32_t tree;	  /* descendants of this process alone; 0: any */

	/* What went as most do is counted, and not given: trace_counted(). */
	int64_t plain_below_ns; /* established sooner, by the first SYN; 0: none of them */
	bool plain_refused;	/* refused by the answer to it */
	uint32_t max_attempts;	/* 0: 32768 */
	bool no_failed;		/* leave out connect() calls that fail before a SYN */
	bool inbound;		/* trace_dropped() will be asked for what comes in */
};

/* What is told of packets that this host drops. */
enum trace_drops {
	TRACE_DROPS_ALL,  /* each, and the kernel's reason */
	TRACE_DROPS_SOME, /* this kernel tells no reason: those of some functions alone (sources/droppers.h) */
	TRACE_DROPS_NONE, /* nor where its functions are, to this process */
};

/* -EPERM, -ENOSYS (built without eBPF), ...: e says what is missing and e->exit_code is 77. */
int trace_open(const struct trace_opts *o, struct trace **ret, struct err *e);
void trace_free(struct trace *t);

/* Whether this kernel takes the programs: as trace_open(), but they are let go before they are attached to anything. */
int trace_try(enum trace_drops *ret_drops, struct err *e);

enum trace_drops trace_drops(const struct trace *t);

/* Why not all are seen, as a sentence without its full stop; NULL: they are. */
const char *trace_drops_unseen(enum trace_drops d);

/* Not all that waited already was found: there was no time, or this kernel does not let it be looked for. */
bool trace_missed_earlier(const struct trace *t);

/* Looks up now what the first drop would be told late for: very many attempts may end in the meantime. */
void trace_prepare(struct trace *t);

/* Becomes readable when there is something, at most 50 times a second. */
int trace_fd(const struct trace *t);

/* An attempt that is over.  Borrowed pointer, valid for the call. */
typedef void trace_fn(const struct attempt *a, void *user);

/* Gives what is waiting; how many it was. */
int trace_read(struct trace *t, trace_fn *fn, void *user);

/* Something was read a moment ago: more may come without a wake-up, so it is to be read again soon. */
bool trace_is_busy(const struct trace *t);

/* Gives the attempts that wait now, at most `max`, the oldest first; how many. */
int trace_pending(struct trace *t, int max, trace_fn *fn, void *user);

struct trace_counts {
	uint64_t begun, connected, ended;
	uint64_t missed_retransmits;	     /* known by the kernel's count alone, and told by no event */
	uint64_t missed_begins, missed_ends; /* attempts of which the event was lost, and something else told */
	uint64_t no_room;		     /* attempts that found no room in the table */
	uint64_t untold;		     /* records that found no room in the ring */
	uint64_t drops_unkept;
};

void trace_counts(const struct trace *t, struct trace_counts *ret);

/* Events that were lost, by where: "tracepoint", "table", "ring", "drops"; NULL past the last. */
const char *trace_lost(const struct trace_counts *c, int i, uint64_t *ret_n);

/* What was dropped last of an attempt, be that on this host's behalf or not, by its flow as the packet had it there. */
enum trace_dropped {
	TRACE_DROPPED_SYN, /* of nobody who could be told: NAT had made another flow of it */
	TRACE_DROPPED_SYN_ACK,
	TRACE_DROPPED_INBOUND, /* a SYN, after it left its sender; only with trace_opts.inbound, ... */
	TRACE_DROPPED_ANSWER,  /* ... and so what answered it */
};

/*
 * False: nothing is known.  The place is DROP_LOCAL_INPUT wherever it was, but DROP_LOCAL_OUTPUT for an answer on its
 * way out of the network namespace that answered, and for a SYN that no device had received.
 */
bool trace_dropped(struct trace *t, const struct attempt *of, const struct flow *f, enum trace_dropped what,
		   struct drop *ret);

/*
 * Where NAT of this host sent what an RST refused is known (struct attempt's sent_to).  False: this kernel does not let
 * that function be traced, or conntrack was not there when this was opened.
 */
bool trace_tells_nat(const struct trace *t);

/*
 * What was counted since the last call: n attempts that are as `a` in server, command, outcome and, nearly, how long
 * they took.  Where so many kinds of them were seen that there is no room for more, others are given one by one.
 */
typedef void trace_counted_fn(const struct attempt *a, uint64_t n, void *user);
void trace_counted(struct trace *t, trace_counted_fn *fn, void *user);

/* When that should be asked for, if their times are to be right to 1/8 s (CLOCK_MONOTONIC); 0: nothing was counted. */
int64_t trace_counted_due_ns(const struct trace *t);

/* The event clock (ns since 1970) that attempts are told by. */
int64_t trace_now(const struct trace *t);

#endif
