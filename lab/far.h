/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FAR_H
#define SYNSENT_LAB_FAR_H

#include <stdint.h>

#include "util/err.h"

/*
 * The far end of `synsent run`: what answers connections to every address and
 * port.  A process of its own, because it may be asked for thousands of connections
 * a second while the observer must not be late.
 */
enum far_serve {
	FAR_AUTO,  /* HTTP to a client whose first bytes (8 at most) are a request's, else echo */
	FAR_ECHO,  /* sends back what comes */
	FAR_CLOSE, /* accepts and closes at once */
	FAR_HANG,  /* accepts, reads, says nothing */
	FAR_HTTP,  /* one fixed 200 answer to each request; keeps the connection as HTTP/1.1 has it */
	FAR_SINK,  /* reads and throws away; closes when the client does */
	FAR_N,
};

/* "auto", "echo", ...; -1 for a word that is none.  The words NULL-terminated, for completion. */
int far_serve_of(const char *word);
const char *const *far_words(void);

/*
 * Serves the listening sockets (non-blocking, as many as n) until a byte or the end comes on `quit_fd`; then, and when
 * it cannot go on, it returns.  Level-triggered epoll; a client that does not read holds back itself alone (its buffer
 * is at most 64 KiB); an end of stream is answered by our own once all is sent.  Where descriptors run out it stops
 * accepting until one is free: the backlog then fills, as a busy server's does.  Meant for a forked child: raises
 * RLIMIT_NOFILE.  The listeners stay the caller's; their connections get TCP_NODELAY.  Where HTTP ends a connection it
 * waits for the client's own end, lest an RST take the answer away.  0 or -errno.
 */
int far_serve(enum far_serve what, const int *listeners, int n, int quit_fd, struct err *e);

#endif
