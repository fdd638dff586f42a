/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_HERE_H
#define SYNSENT_LAB_HERE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "lab/fault.h"
#include "lab/wire.h"
#include "util/err.h"

/*
 * Faults on the real network, for one process tree alone: that of a PID
 * namespace.  BPF programs hang on the cgroup v2 that this process is in, by links
 * that die with the last descriptor; a cgroup of the tree's own would outlive
 * SIGKILL.  A socket belongs to the tree when a process of the namespace, or of one
 * inside it, called connect() on it (or sent with MSG_FASTOPEN) after here_start().
 * The process that made the namespace is not in it: only its children are.
 *
 * Covered are sockets made in this process's cgroup or below it.  Not covered:
 *  - a socket made by a process of the tree that has moved to a cgroup elsewhere;
 *  - the further subflows of MPTCP, which the kernel opens by itself; the first one is covered;
 *  - an RST by which the kernel answers in no socket's name, and segments of TIME_WAIT;
 *  - what IPsec has wrapped before it gets here.
 *
 * What a packet socket (tcpdump) sees: a SYN, or ACK, dropped here never; each SYN of the schedule comes by here
 * again, with its ordinal, and here_read() tells of it.  A SYN-ACK dropped here always: it did arrive.
 * A segment with data that is dropped on its way out is no secret from the kernel, as it would be on a lossy path: it
 * goes out anew when a timer fires, never for duplicate ACKs.
 */
struct here;

/* The table of faults in the kernel has so many rows. */
#define HERE_N_MAX 32

struct here_opts {
	uint32_t pidns; /* inode number of the tree's PID namespace (/proc/PID/ns/pid) */
	/*
	 * Those of kind FAULT_SYN_DROP, FAULT_SYN_ACK_DROP, FAULT_ACK_DROP, FAULT_LOSS and
	 * FAULT_LOSS_ALL can be had, with any scope whose name has its addresses; tried in this
	 * order, the first that drops a packet decides.  Copied.
	 */
	const struct fault *faults;
	int n_faults;
	uint64_t seed; /* chance is a hash of it, the ports, the ISN, and the packet's ordinal */
	bool sockets;  /* tell of the tree's sockets, too */
	int nesting;   /* procs_nesting() of a process of the tree, for pids as the mounted /proc has them */
};

enum here_what {
	HERE_SOCKET_BEGINS,    /* SYN 0 is about to be sent */
	HERE_SOCKET_CONNECTED, /* the SYN-ACK came */
	HERE_SOCKET_CLOSED,    /* it left SYN_SENT for nothing */
};

/* What became of a socket of the tree, as the kernel said at that moment. */
struct here_socket {
	enum here_what what;
	int64_t t_ns; /* CLOCK_MONOTONIC */
	struct flow flow;
	uint32_t isn;
	uint64_t cookie;
	/* Of HERE_SOCKET_CLOSED: CLOSE_KERNEL with its error, CLOSE_APPLICATION, or CLOSE_UNKNOWN: connect() failed by
	 * itself, before a SYN. */
	enum close_cause cause;
	int error;
	/* Of the process that began it, or closed it; pid as the mounted /proc has it, 0: not known. */
	int32_t pid;
	char comm[16];
	bool exiting;	 /* the process's end closed it ... */
	int exit_status; /* ... which waitpid() will tell so */
};

/* The last argument is here_read()'s; socket may be NULL where opts->sockets is false. */
struct here_view {
	void (*drop)(const struct wire_told *t, void *user);
	void (*socket)(const struct here_socket *s, void *user);
};

struct here_counts {
	uint64_t dropped[HERE_N_MAX]; /* packets, by fault; a large segment is one */
	uint64_t connects;	      /* that the tree began, concerned or not */
	uint64_t unmarked;	      /* ... and that went untouched because the kernel had no memory for the mark */
	uint64_t untold;	      /* what here_read() will not tell: it was called too rarely */
};

/*
 * -EINVAL: a fault cannot be had here (e names it; e->exit_code 2).  -EPERM, -ENOSYS (built without eBPF), ...: e says
 * what is missing, and e->exit_code is 77.
 */
int here_start(const struct here_opts *o, struct here **ret, struct err *e);
void here_free(struct here *h);

/* Readable when something waits.  Wakes a sleeping poll() at most every 10 ms, so the last few may need its timeout. */
int here_fd(const struct here *h);

/*
 * Tells what happened since the last time, without blocking, in order.  Of drops: t_ns is CLOCK_MONOTONIC, deed
 * WIRE_DROPPED; SYNs, SYN-ACKs, and other segments each way have their own ordinals.  Returns how many, or -errno.
 * What is told happened before anybody else could see it: a SYN before it came to a packet socket, the end of a
 * socket before sock_diag shows it no more.
 */
int here_read(struct here *h, const struct here_view *v, void *user);

void here_counts(const struct here *h, struct here_counts *ret);

#endif
