/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_METRICS_CLIENT_H
#define SYNSENT_TESTS_UNIT_METRICS_CLIENT_H

#include "sinks/metrics_server.h"

/* The server and its clients in one process; the server's clock is ours, so that no deadline is waited for. */

#define MS 1000000LL
#define SECOND (1000 * MS)
#define HOST "Host: a\r\n"
#define GET "GET /metrics HTTP/1.1\r\n" HOST "\r\n"

extern struct metrics_server *s;
extern struct metrics_server_counts counts;
extern struct endpoint at;
extern int64_t now_ns;
extern int n_texts;
extern size_t text_len; /* of what is served; 0: there is no memory for it */

/* For cmocka. */
int open_server(void **state);
int close_server(void **state);
#define with_server(f) cmocka_unit_test_setup_teardown(f, open_server, close_server)

#define RESET ((size_t)-1)

/* What is served. */
void text(enum openmetrics_format f, struct buf *to, void *user);

/* That descriptor has one of these events within the time. */
bool can(int fd, short events, int timeout_ms);
void pump(void);

/* Until there is nothing more to do for it. */
void settle(void);

/* A client that has connected; it may not have been accepted yet. */
int client(void);
void ask(int fd, const char *what);

/* All that the server says to it, until its end; RESET when that was an RST. */
size_t answer(int fd, char *to, size_t size);

/* What is said to that request: its status, and its body behind a blank. */
const char *said(const char *what);
bool is_open(int fd);

#endif
