/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_METRICS_CONN_H
#define SYNSENT_SINKS_METRICS_CONN_H

#include "sinks/metrics_answer.h"
#include "util/duration.h"

#define METRICS_ASK_NS (5 * NS_PER_S)	 /* so long may a client take to ask */
#define METRICS_TELL_NS (10 * NS_PER_S)	 /* ... and then to take the answer */
#define METRICS_LINGER_NS (2 * NS_PER_S) /* ... and then to close */
#define METRICS_READ_MAX 4096		 /* bytes read at once */
#define METRICS_LINGER_MAX (16 * 4096U)	 /* bytes thrown away once all is said */

/*
 * A client's connection: its request, the answer, and then its end, for which we
 * wait a little: to close with bytes unread would send an RST, which may take the
 * answer away before it is read (RFC 9112 9.6).  Nothing here blocks.
 */
struct metrics_conn {
	int fd; /* -1: this one is free */
	enum { METRICS_ASKS, METRICS_READY, METRICS_TELLS, METRICS_LINGERS } state;
	int64_t deadline_ns;
	int64_t heard_ns; /* when bytes of it came last, or it did */
	struct metrics_request request;
	enum metrics_answer answer; /* as of METRICS_READY */
	struct metrics_said *said;
	size_t at, len; /* of what is said, so much is sent, and so much is to be */
	size_t thrown;	/* bytes, while it lingers */
};

/* Takes the descriptor, which must not block. */
void metrics_conn_init(struct metrics_conn *c, int fd, int64_t now_ns);

/* Closes it, and makes it free. */
void metrics_conn_fini(struct metrics_conn *c);

/*
 * To be called when it can be read (METRICS_ASKS, METRICS_LINGERS) or written (METRICS_TELLS).  False: it is over.
 * METRICS_READY: `answer` is wanted of the caller, by metrics_conn_tell().
 */
bool metrics_conn_serve(struct metrics_conn *c, int64_t now_ns);

/* Takes one user's part of s, and sends what can be sent now.  NULL: there was no memory; false. */
bool metrics_conn_tell(struct metrics_conn *c, struct metrics_said *s, int64_t now_ns);

#endif
