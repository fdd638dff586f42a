/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_SERVER_H
#define SYNSENT_LAB_SERVER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "util/err.h"

/*
 * A TCP server without a thread of its own: it lives in its owner's poll loop.
 * It answers an end of stream with its own, as `nc -l` does.
 */
struct server;

#define SERVER_FDS_MAX 65 /* the listener and 64 connections; more wait in the backlog */

enum server_event { SERVER_ACCEPTED, SERVER_DATA, SERVER_CLOSED };

struct server_opts {
	struct endpoint at;
	int backlog;
	bool no_accept;
	bool echo;	 /* send back what comes */
	int64_t idle_ns; /* close a connection that is silent for so long; 0: never */
	void (*on_event)(enum server_event what, const struct endpoint *peer, int64_t bytes, void *user);
	void *user;
};

int server_start(const struct server_opts *o, struct server **ret, struct err *e);

/* Where it listens (the port that was chosen, when 0 was asked for). */
void server_endpoint(const struct server *s, struct endpoint *ret);

/* Fills in what to poll for; at most SERVER_FDS_MAX.  Returns how many. */
int server_fds(const struct server *s, struct pollfd *fds);

/* Accepts, reads and answers whatever is ready, without blocking. */
void server_pump(struct server *s);

/* Stops listening: later SYNs are answered by RST.  Open connections are closed.  s may be NULL. */
void server_free(struct server *s);

#endif
