/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_LOOP_H
#define SYNSENT_LAB_LOOP_H

#include "core/tracker.h"
#include "lab/client.h"
#include "lab/lab.h"
#include "lab/server.h"
#include "sources/observe.h"

struct fast;

/* A running lab: what its steps share.  Private to lab/. */
struct lab {
	const struct lab_config *c;
	const struct lab_view *v;
	struct lab_end *end;
	struct observe *observe;
	struct tracker *tracker;
	struct server *server;
	struct client *client;
	struct fast *fast;
	struct policy policy;	  /* in force: read back */
	struct timescale scale;	  /* nominal; identity unless fast */
	int signals;		  /* signalfd */
	int filler;		  /* the connection that fills the backlog; -1: none */
	bool muted;		  /* what is seen now is the lab's own doing */
	bool studied;		  /* the second client is under way */
	bool failed;		  /* tracker memory and the like */
	struct flow flow;	  /* of the attempt under way, as far as known */
	uint64_t attempts_before; /* the tracker's, when the second client began */
	int32_t client_pid;
	int64_t go_ns; /* event time at which the client was let go */
	int64_t last_waiting_ns;
	int fins; /* of the connection under way; 3: and the ACK after both */
	bool told_socket, client_over;
	struct client_news result; /* what our client said of its connect() */
};

/* Opens the observation, the tracker and the signals. */
int loop_open(struct lab *l, struct err *e);
void loop_close(struct lab *l);

/* Someone wants an end (Ctrl-C); it is noted. */
bool loop_interrupted(struct lab *l);

/* One turn: waits at most max_ms for something, and deals with all that is ready. */
int loop_turn(struct lab *l, int max_ms, struct err *e);

/* Turns for so long, so that what is on its way arrives. */
int loop_settle(struct lab *l, int64_t ns, struct err *e);

/* What follows is the second client's doing. */
void loop_study(struct lab *l);

/* How many attempts the client under study has made. */
uint64_t loop_studied(const struct lab *l);

/* Gives what the tracker has, and forgets it. */
void loop_give(struct lab *l);

#endif
