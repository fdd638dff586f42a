/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_CLIENT_H
#define SYNSENT_LAB_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/event.h"
#include "util/err.h"

/*
 * The client of a lab: a process of its own that calls connect(), or the
 * user's program.  Ours says when it called and what it got; of the user's
 * only its end is known.
 */
struct client_opts {
	struct endpoint server;
	int syncnt;		 /* TCP_SYNCNT; 0: not set */
	int64_t user_timeout_ms; /* TCP_USER_TIMEOUT; 0: not set */
	int rto_max_ms;		 /* TCP_RTO_MAX_MS; 0: not set */
	int64_t app_timeout_ns;	 /* a timer of its own; 0: none, a blocking connect() */
	char **argv;		 /* the user's program in its place; NULL: ours */
};

enum client_word {
	CLIENT_NOTHING, /* no news */
	CLIENT_CONNECTED,
	CLIENT_FAILED,	  /* connect() gave `error` */
	CLIENT_OWN_TIMER, /* its own timer fired and it closed the socket */
	CLIENT_ENDED,	  /* the process is over */
};

struct client_news {
	enum client_word word;
	int error;
	int64_t call_ns, return_ns; /* CLOCK_MONOTONIC: connect() called, connect() returned */
	int signal, status;	    /* CLIENT_ENDED */
	int64_t end_ns;		    /* CLIENT_ENDED: noticed */
};

struct client;

/*
 * Starts the process.  Ours has made its socket, set its options, bound a port
 * (ret_port; 0 for the user's program), and waits for client_go().
 * *ret_pid is its pid as the host sees it.
 */
int client_start(const struct client_opts *o, struct client **ret, int32_t *ret_pid, uint16_t *ret_port, struct err *e);
void client_go(struct client *c);

/* Becomes readable when there is news; both are to be polled. */
int client_report_fd(const struct client *c);
int client_process_fd(const struct client *c);

/* The next piece of news, without blocking. */
void client_news(struct client *c, struct client_news *ret);

void client_kill(struct client *c, int signal);

/* Ends the process if it still runs, and frees c (may be NULL). */
void client_free(struct client *c);

#endif
