/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_SANDBOX_H
#define SYNSENT_LAB_SANDBOX_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "util/err.h"

/*
 * Theory of operation.  A sandbox is a private network namespace and a private
 * PID namespace (and, for a user who is not root, a user namespace that maps
 * that user to itself).  Nothing of it has a name: the network namespace lives
 * as long as its processes, and its processes live as long as the PID
 * namespace's init, which the kernel ends with us (PR_SET_PDEATHSIG, and a pipe
 * that closes the race before it).  So SIGKILL at any moment leaves nothing.
 *
 *   outer (the caller's process, outside)
 *     init (pid 1 inside: reaps, passes signals on, ends with the inner)
 *       inner (the caller's code goes on here)
 */

/* The host's own user namespace, by its inode's number: include/linux/proc_ns.h PROC_USER_INIT_INO, since Linux 3.8. */
#define SANDBOX_HOST_USERNS 0xeffffffdUL

struct sandbox_opts {
	bool user_namespace; /* make one even for root (to test the ordinary user's way) */
	bool host_network;   /* the network stays the caller's, and so do its capabilities: no user namespace is made */
};

/* What the caller left of its signals to whatever it starts. */
struct sandbox_signals {
	sigset_t mask;
	bool child_ignored; /* SIGCHLD */
};

/* Set on the inner side. */
struct sandbox {
	bool user_namespace; /* one was needed */
	pid_t supervisor;    /* the outer process, as the host sees it */
	struct sandbox_signals signals;
};

/*
 * Forks.  The caller, which must have one thread only, goes on INSIDE the
 * sandbox, as its init's only child, with `lo` down, stdin, stdout, stderr and
 * every other descriptor as they were, and every capability over the sandbox
 * (kept over exec only by sandbox_keep_caps).  SIGCHLD is not ignored there, or
 * no status of a child could be had.  When it exits, all that it left running
 * inside is killed.
 *
 * The outer process never returns: it waits, and exits with the inner process's
 * status (128 + N for a signal).  It passes SIGINT, SIGTERM, SIGHUP, SIGQUIT,
 * SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP, SIGTTIN and SIGTTOU on when a process sent
 * them; those from the terminal reach the inner process anyway, being in the same
 * group.  The last three stop the outer process too, as a shell's job control has it.
 *
 * Returns 0 inside, or -errno in the caller when the sandbox cannot be made:
 * then e names the cause (user namespaces disabled by which sysctl, ...) and
 * e->exit_code is 77.
 */
int sandbox_enter(const struct sandbox_opts *o, struct sandbox *ret, struct err *e);

/* In a forked child about to exec a tool of ours (nft): keeps the sandbox's capabilities over exec (ambient set). */
void sandbox_keep_caps(void);

/* In a forked child about to exec the user's program: no capability over the sandbox survives for a user who is not
 * root outside. */
void sandbox_drop_caps(void);

/* In a forked child about to exec the user's program: its signals are as the caller had them. */
void sandbox_restore_signals(const struct sandbox_signals *s);

/* This process's pid as the host sees it (the mounted /proc belongs to the host's PID namespace); getpid() when
 * unknown. */
pid_t sandbox_host_pid(void);

#endif
