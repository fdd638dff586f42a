/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_RUN_INSIDE_H
#define SYNSENT_LAB_RUN_INSIDE_H

#include "core/tracker.h"
#include "lab/program.h"
#include "lab/resolver.h"
#include "lab/run.h"
#include "lab/wire_run.h"
#include "lab/world.h"
#include "sources/connects.h"
#include "sources/observe.h"

/* A run's inside: what its parts share.  Private to lab/run*.c. */

#define RUN_CALLS_MAX 4096 /* connect() calls that wait for their SYN */
#define RUN_COOKIES 1024   /* sockets whose call is matched, the last ones */
#define RUN_GUESSES 64	   /* calls that may have been taken for another's, the last ones */
#define RUN_TOLD_MAX 8192  /* the wire's deeds that wait for their packets */

struct run_call {
	struct connect_call c;
	int64_t t_ns; /* event time */
};

/* lab/run_calls.c: which connect() call a SYN or a socket belongs to. */
struct run_calls {
	struct run_call waiting[RUN_CALLS_MAX];
	int n;
	uint64_t cookies[RUN_COOKIES];
	uint64_t owing[RUN_COOKIES]; /* sockets whose call did not block, and whose error was not taken yet; 0: none */
	unsigned int next_owing;
	unsigned int next_cookie;
	struct run_call guesses[RUN_GUESSES];
	unsigned int next_guess;
};

struct fast;
struct run_here;
struct run;

/* What differs between a world of the program's own and the real network.  0 or -errno, but for fds. */
struct run_kind {
	/* All that the program finds when it starts. */
	int (*stage)(struct run *r, struct err *e);
	int (*fds)(const struct run *r, struct pollfd *fds); /* at most RUN_FDS_MAX to be polled; how many */
	/* Reads all that happened, and tells it. */
	int (*observe)(struct run *r, struct err *e);
	/* Something has ended without which all that follows would be wrong. */
	int (*check)(const struct run *r, struct err *e);
	bool begins_told; /* the kernel tells of each connect() that begins: which did not is known, not guessed */
};

#define RUN_FDS_MAX (RESOLVER_FDS_MAX + 2)

struct run {
	const struct run_config *c;
	const struct run_kind *kind;
	const struct run_view *v;
	struct run_end *end;
	struct world world;
	int backlog_fds[8]; /* listeners that nobody serves, and what fills them */
	int n_backlog_fds;
	int far_pid, far_quit; /* our server; 0, -1: none */
	struct wire_run *wire;
	struct resolver *resolver;
	struct observe *observe;
	struct tracker *tracker;
	struct program *server; /* the user's */
	struct program *program;
	struct fast *fast;
	struct run_here *here;
	int signals;
	struct run_calls calls;
	uint64_t netns; /* the cookie of the client's network namespace; 0: not known */
	struct wire_told told[RUN_TOLD_MAX];
	int n_told;
	int64_t begun_ns; /* event time at which the program was let go */
	int64_t ended_ns; /* CLOCK_MONOTONIC: the program is over */
	int64_t limit_ns; /* CLOCK_MONOTONIC; 0: none */
	int64_t advanced_ns;
	int64_t looks_again_ns; /* CLOCK_MONOTONIC: for a full queue, not before */
	bool over, alone, failed;
	bool enough; /* what the program left behind is not waited for any longer */
};

/* lab/run_stage.c */
extern const struct run_kind run_world;

/* Begins to observe; what *how leaves open is filled in.  0 or -errno. */
int run_start_watching(struct run *r, const struct observe_opts *how, struct err *e);
void run_unstage(struct run *r);

/* lab/run_here.c */
extern const struct run_kind run_real;
void run_here_free(struct run_here *h);

/* lab/run_calls.c */

/* A connect() call is about to be made. */
void run_call_made(struct run *r, const struct connect_call *c);

/*
 * A SYN that left at t_ns, or a socket, was seen that no attempt is known for: tells the observation whose it is.
 * cookie: the socket's; 0: it is asked for.  True when the call is known now, and *ret_policy filled.
 */
bool run_call_of(struct run *r, const struct flow *f, uint64_t cookie, int64_t t_ns, struct policy *ret_policy);

/* A socket is gone that nothing was seen of: whose it was, when its call was heard of. */
void run_call_missed(const struct event_state *s, void *user);

/* Forgets those of which nothing came. */
void run_calls_expire(struct run *r, int64_t now_ns);

/*
 * lab/run_queue.c: SYNs that are lost nobody knows where may have come to a listener whose queue is full now, the
 * user's at the far end or one of this host.  Fills in where, why, and whose; false: none is found, or it is too soon
 * to look.
 */
bool run_full_queue(struct run *r, const struct attempt *a, struct event_drop *ret);

/* lab/run_events.c: everything that is told, and the log of it. */
int run_observe(struct run *r, struct err *e);

/* One event of an attempt that is known. */
void run_tell(struct run *r, const struct event *ev);

/* What a fault did to a packet, and where. */
void run_take_deed(struct run *r, const struct wire_told *t, enum drop_place place);
void run_on_event(const struct event *ev, void *user);
void run_on_packet(const struct live_packet *p, const struct packet *decoded, void *user);
void run_on_attempt(const struct attempt *a, void *user);
void run_on_question(const struct names_question *q, void *user);
void run_log(struct run *r, int64_t t_ns, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
