/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_LAB_H
#define SYNSENT_LAB_LAB_H

#include <stdbool.h>

#include "core/attempt.h"
#include "core/timescale.h"
#include "core/tracker.h"
#include "lab/firewall.h"
#include "lab/scenario.h"
#include "packet/decode.h"
#include "sources/live.h"
#include "util/err.h"

/*
 * Theory of operation.  A lab is the procedure that people do by hand with nc,
 * telnet, iptables, tcpdump, netstat and time: a server, one connection that
 * works, then something in the way, and a second connection that is watched
 * from all sides until it ends.  It runs inside a sandbox (lab/sandbox.h), in
 * one process with one poll loop; only the client is a process of its own.  It
 * prints nothing: it tells a view what happens, as it happens.
 */
struct lab_config {
	const struct scenario *scenario;
	struct endpoint server;
	struct policy policy;	/* retries, linear: the sysctls; syncnt, user_timeout_ms: our client's socket options */
	bool rto_max_set;	/* policy.rto_max_ms is the socket's (TCP_RTO_MAX_MS) */
	bool fast;		/* a first RTO of a few jiffies */
	int64_t app_timeout_ns; /* our client's own timer, on the lab's axis; 0: none */
	char **argv;		/* the user's client; NULL: ours */
	int supervisor;		/* pid of a process outside, to prove that this namespace is private */
};

/* A rule that the lab made, and what it counted during the attempt under study. */
struct lab_rule {
	struct firewall_rule rule;
	bool acts; /* it is the one that decides in this scenario */
	bool lifted;
	uint64_t packets;
};

struct lab_end {
	bool interrupted;
	bool studied; /* the attempt under study began */
	int n_rules;
	struct lab_rule rules[SCENARIO_RULES_MAX];
	int64_t listen_overflows;     /* backlog-full */
	int64_t setup_ns;	      /* sandbox entered to step 1 */
	int64_t teardown_ns;	      /* after the last attempt was given */
	struct tracker_counts counts; /* what became of the events */
	bool has_result;	      /* our client's word */
	int error;		      /* errno that it saw; 0: connected */
	bool own_timer;		      /* its own timer fired */
	int64_t real_ns;	      /* connect() called to connect() returned */
	int64_t run_ns;		      /* the user's program: started to ended */
	int exit_status, exit_signal; /* the user's program */
};

/* All pointers are borrowed for the call.  No callback may be NULL. */
struct lab_view {
	void *user;
	/* Step n: what is done, and the classic command that it stands for ("" for none). */
	void (*step)(void *user, int n, const char *text, const char *classic);
	void (*note)(void *user, const char *text); /* a line under the step */
	void (*packet)(void *user, const struct live_packet *p, const struct packet *decoded, bool studied);
	void (*event)(void *user, const struct event *ev);
	void (*socket)(void *user, const struct event_state *s); /* the client's socket as netstat shows it, once */
	/* Every 100 ms or so while the attempt under study waits. */
	void (*waiting)(void *user, const struct attempt *a, int64_t now_ns);
	/* An attempt, complete; `studied` for those of the second client. */
	void (*attempt)(void *user, const struct attempt *a, bool studied);
};

/* Runs in the sandbox.  0, or -errno with e filled; *ret is valid either way and says how far it came. */
int lab_run(const struct lab_config *c, const struct lab_view *v, struct lab_end *ret, struct err *e);

#endif
