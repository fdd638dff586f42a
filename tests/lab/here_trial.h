/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_LAB_HERE_TRIAL_H
#define SYNSENT_TESTS_LAB_HERE_TRIAL_H

#include "here_tree.h"
#include "lab/here.h"

/* A tree that connects under faults, and what it, here_read() and a packet socket saw of noted. */

#define TRIAL_SEED 7
#define RETRIES 2
#define ALL_SYNS (RETRIES + 1)
#define ANY (-1) /* at least one */

#define TO_V4 "127.0.0.1:5000"
#define TO_V6 "[::1]:5000"
#define TO_MAPPED "[::ffff:127.0.0.1]:5000"

enum what { TOLD_SYN, TOLD_SYN_ACK, TOLD_SENT, TOLD_RECEIVED, TOLD_N };

/* What was told, and which SYNs a packet socket saw. */
struct log {
	struct wire_told told[4096];
	struct {
		uint16_t port;
		uint32_t seq;
	} seen[1024];
	int n_told, n_seen;
};

extern struct log noted; /* in the last trial */

int count_told(enum what what);

/* A struct wire_told goes to the log. */
extern const struct here_view telling;

/* In a sandbox: a network with the server of tree_echo(), where a first SYN is sent again after a few jiffies, and
 * RETRIES times. 77 where there can be no such thing. */
int world(void);

/* With two addresses, of which the host is the second; host may be NULL. */
struct fault fault(enum fault_kind kind, int n, const char *host, uint16_t port, int family);

struct trial {
	const char *name;
	struct fault fault;
	struct tree_job job;
	int error;
	int told[TOLD_N]; /* packets */
	int seen;	  /* SYNs of the tree */
	bool quiet;	  /* it connects, but its data does not get through */
};

/* In a world: each tree connects under its fault, while this process, of the same cgroup, connects to the same server
 * untouched.  0, or 1 and said where. */
int try_all(const struct trial *t, size_t n);

/* Lets a tree do its job under these faults.  0, or 1 and said where. */
int run_tree(const struct tree_job *job, const struct fault *faults, int n, struct tree *tree, struct here_counts *c);

#endif
