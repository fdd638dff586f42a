/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_PROGRAM_H
#define SYNSENT_LAB_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lab/sandbox.h"
#include "util/err.h"

/*
 * Theory of operation.  A program under observation, unmodified, runs in a PID
 * namespace of its own within the sandbox, so that whatever it leaves behind can
 * be seen, and ended, and cannot end us (kill(-1)); and in a mount namespace of
 * its own, where resolv.conf, nsswitch.conf and hosts are those of its world and
 * /proc is that of its processes.  It keeps its terminal, process group,
 * descriptors, environment, directory and user.
 *
 *   this process
 *     init (pid 1 of the program's namespace: reaps, tells, holds nothing)
 *       the program
 *
 * Its connect() calls are announced to this process by a seccomp filter
 * (sources/connects.h), if the kernel allows it.
 */
struct program_opts {
	char **argv;
	const struct sandbox_signals *signals;		 /* what it has of them */
	const char *resolv_conf, *nsswitch_conf, *hosts; /* texts; NULL: the host's file */
	bool announce;					 /* its connect() calls */
	int netns;					 /* the network namespace it runs in; -1: this one */
	bool host_world;				 /* no mount namespace of its own */
};

enum program_word {
	PROGRAM_NOTHING,
	PROGRAM_NOT_RUN, /* exec gave `error` */
	PROGRAM_ENDED,	 /* signal, or status */
	PROGRAM_STOPPED, /* by `signal`; and later */
	PROGRAM_CONTINUED,
	PROGRAM_ALONE, /* it has ended, and no process that it left is there any more */
};

struct program_news {
	enum program_word word;
	int error;
	int signal, status;
	int64_t t_ns; /* CLOCK_MONOTONIC */
};

struct program;

/* Starts it; it waits for program_go().  -errno: e->exit_code says how to end. */
int program_start(const struct program_opts *o, struct program **ret, struct err *e);
void program_go(struct program *p);

/* As the host sees it (the mounted /proc). */
int32_t program_pid(const struct program *p);

/* The listener of its connect() calls, which stays the program's; or -errno: they are not announced. */
int program_connects_fd(const struct program *p);

/* Its PID namespace's inode number (/proc/PID/ns/pid); 0: not known. */
uint64_t program_pidns(const struct program *p);

/* Becomes readable when there is news. */
int program_fd(const struct program *p);
void program_news(struct program *p, struct program_news *ret);

/* To the program alone; nothing when it has ended. */
void program_signal(struct program *p, int signal);

/* Ends all of it that still runs; PROGRAM_ALONE is no news then. */
void program_end(struct program *p);

/* The same, and frees p (may be NULL). */
void program_free(struct program *p);

#endif
