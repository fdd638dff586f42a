/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_LAB_HERE_TREE_H
#define SYNSENT_TESTS_LAB_HERE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/addr.h"

/* A process tree in a PID namespace of its own, which connects when it is told to; and what it connects to. */

#define TREE_PORT 5000
#define TREE_RESULTS_MAX 64

enum tree_way {
	TREE_PLAIN,
	TREE_GRANDCHILD,
	TREE_NESTED, /* in a PID namespace inside the tree's */
	TREE_THREAD,
	TREE_FASTOPEN, /* sendto(MSG_FASTOPEN) in connect()'s place */
	TREE_MPTCP,
	TREE_FLOOD,	/* n sockets that connect and do not wait */
	TREE_OPTION,	/* its IPv6 packets have a header of destination options before TCP's */
	TREE_AGAIN,	/* two handshakes by one socket */
	TREE_LISTENS,	/* it is the server, on port TREE_PORT + 1, of one connection, whose byte it sends back */
	TREE_INHERITED, /* by job.fd, which the other side made */
};

struct tree_job {
	const char *to;
	enum tree_way way;
	int n;	   /* connections, one after the other; 0: one */
	bool talk; /* sends a byte and waits 0.4 s for the same */
	int fd;
};

struct tree_result {
	int error;     /* errno of connect() */
	uint16_t port; /* its own */
	bool spoke;
};

struct tree {
	pid_t pid;
	uint32_t pidns;
	int go[2], ready[2];
	struct tree_result *results; /* shared memory; valid after tree_wait(), until tree_end() */
};

/* Starts it; it waits. */
bool tree_start(struct tree *t, const struct tree_job *job);
void tree_go(struct tree *t);
bool tree_wait(struct tree *t); /* it ended, and well, within 20 s */
void tree_end(struct tree *t);

/* The same by this process itself, from outside of any tree. */
struct tree_result tree_connect(const struct tree_job *job);

/* A process that accepts on port TREE_PORT of any address, and sends back what comes. */
pid_t tree_echo(void);

int tree_listen(uint16_t port);

#endif
