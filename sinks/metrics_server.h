/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_METRICS_SERVER_H
#define SYNSENT_SINKS_METRICS_SERVER_H

#include "core/addr.h"
#include "sinks/openmetrics.h"
#include "util/err.h"

/*
 * Serves metrics over HTTP in its owner's poll loop: GET /metrics, and a page at /
 * that says so.  No thread, and no call of it blocks.
 *
 * Whatever clients do, it holds METRICS_SERVER_CONNS connections of less than 1 KiB and the answers that these have
 * not taken yet, one each at most: with openmetrics_text() 16 * 9 KiB as a rule, and 16 * 65 KiB if every series
 * that can be were there.  A client has 5 s to ask, 10 s to take the answer, and 2 s to close; a request is 8 KiB
 * at most; one is answered in a connection.  Where all places are taken, one that has its answer and does not
 * close gives way to one that comes, or the one of which nothing was heard longest before it had asked; while all take
 * their answers, who comes is closed at once.  In a pump each connection is read or written once, at most 4 KiB in, so
 * that no client keeps the owner from its work.
 */
struct metrics_server;

#define METRICS_SERVER_CONNS 16

struct metrics_server_opts {
	struct endpoint at;
	/* Adds the metrics as they are now.  Called in metrics_server_pump(), for each scrape; those that come in
	 * together share a text. */
	void (*text)(enum openmetrics_format f, struct buf *to, void *user);
	void *user;
};

struct metrics_server_counts {
	uint64_t accepted;
	uint64_t scraped;   /* answers with metrics, as far as they were begun */
	uint64_t refused;   /* closed at once: too many at a time */
	uint64_t displaced; /* had not asked yet, and gave way to another */
	uint64_t late;	    /* closed at a deadline, before the answer was sent whole */
};

/* Listens.  0 or -errno. */
int metrics_server_open(const struct metrics_server_opts *o, struct metrics_server **ret, struct err *e);

/* Where (the port that was chosen, when 0 was asked for). */
void metrics_server_endpoint(const struct metrics_server *s, struct endpoint *ret);

/* Can be read when there is something to do: an epoll descriptor, the same all the time. */
int metrics_server_fd(const struct metrics_server *s);

/* When it is to be pumped even so, for a deadline: ms from now, rounded up; -1: never.  Times are of a clock that does
 * not step (clock_mono_ns()). */
int metrics_server_wait_ms(const struct metrics_server *s, int64_t now_ns);

/* Does what can be done now. */
void metrics_server_pump(struct metrics_server *s, int64_t now_ns);

void metrics_server_counts(const struct metrics_server *s, struct metrics_server_counts *ret);

/* Closes all.  s may be NULL. */
void metrics_server_free(struct metrics_server *s);

#endif
