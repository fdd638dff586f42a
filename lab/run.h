/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_RUN_H
#define SYNSENT_LAB_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attempt.h"
#include "core/tracker.h"
#include "lab/far.h"
#include "lab/fault.h"
#include "lab/inherit.h"
#include "lab/names.h"
#include "lab/sandbox.h"
#include "lab/wire_run.h"
#include "packet/decode.h"
#include "sources/live.h"
#include "util/err.h"

/*
 * Theory of operation.  A run is a world of its own (lab/world.h), in a sandbox,
 * with any program in it (lab/program.h), whose connection attempts are watched
 * until it ends.  This process is the observer: one poll loop over the client's
 * packets and sockets (sources/observe.h), the program's connect() calls before they are
 * made (sources/connects.h), what the wire did to which packet (lab/wire_run.h),
 * and the names that were asked for.  All of it becomes events for the tracker.
 * The wire and the far end are processes of their own.  It prints nothing: it
 * tells a view what happens, as it happens.
 *
 * With `here` there is no such world: the program runs on the host's network, and
 * the faults act on its sockets alone (lab/here.h).
 */
struct run_setting {
	const char *name; /* "ipv4/tcp_syn_retries" */
	long value;
};

#define RUN_SETTINGS_MAX 32

struct run_config {
	char **argv;
	bool here;		    /* on the real network; what follows of a world has no meaning then */
	const struct fault *faults; /* with the addresses of their hosts' names */
	int n_faults;
	const struct fault_scope *only; /* NULL: every address and port exists */
	struct names *names;
	enum far_serve serve;
	char **serve_argv; /* a server of the user's at the far end; NULL: ours, as `serve` says */
	uint64_t seed;
	const struct inherit *inherit; /* NULL: the kernel's defaults */
	struct run_setting settings[RUN_SETTINGS_MAX];
	int n_settings;
	bool fast;	       /* a first RTO of a few jiffies */
	int64_t time_limit_ns; /* the program is ended then; 0: never */
	bool wait_for_left;    /* for what the program leaves behind, too */
	int supervisor;	       /* pid of a process outside, to prove that this namespace is private */
	const struct sandbox_signals *signals;
};

struct run_end {
	bool started; /* the program ran */
	bool interrupted;
	bool timed_out;	     /* ended at the time limit */
	bool left_timed_out; /* ... was what it had left behind */
	bool killed;	     /* ... by SIGKILL, since SIGTERM did not end it */
	int stopped_by;	     /* a signal that stopped it at least once; 0: none */
	bool left_behind;    /* processes of it were ended with it */
	bool announced;	     /* its connect() calls were heard of */
	int announce_error;  /* why not */
	int exit_status, exit_signal;
	int64_t run_ns;
	struct policy policy; /* in force in the client's namespace */
	struct wire_counts wire;
	struct tracker_counts counts;
	uint64_t lost;	      /* packets and sockets that the observation missed */
	uint64_t calls;	      /* connect() calls */
	uint64_t elsewhere;   /* connect() calls in another network namespace: not among those */
	uint64_t unexplained; /* of those, calls that sent no SYN and whose error is not known */
};

/* All pointers are borrowed for the call.  No callback may be NULL. */
struct run_view {
	void *user;
	void (*packet)(void *user, const struct live_packet *p, const struct packet *decoded);
	void (*event)(void *user, const struct event *ev);
	/* Something that the program, the kernel, the wire or the far end did.  Not escaped. */
	void (*log)(void *user, int64_t t_ns, const char *text);
	/* An attempt, complete; `name`: by which its server was looked up, or NULL. */
	void (*attempt)(void *user, const struct attempt *a, const char *name);
	/* Something to be said of the run as a whole. */
	void (*note)(void *user, const char *text);
};

/* The capabilities that `here` needs, as a mask. */
uint64_t run_here_caps(void);

/* Whether this process has them.  0, or -EPERM with e->exit_code 77. */
int run_here_check(struct err *e);

/*
 * Runs in the sandbox.  0, or -errno with e filled (e->exit_code: 125, 126, 127 or 77); *ret is valid either way and
 * says how far it came.
 */
int run_program(const struct run_config *c, const struct run_view *v, struct run_end *ret, struct err *e);

#endif
