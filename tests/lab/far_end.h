/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_LAB_FAR_END_H
#define SYNSENT_TESTS_LAB_FAR_END_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lab/far.h"

/* A process that runs far_serve() on loopback, inside a sandbox whose lo is up, and clients of it. */
struct far_end {
	pid_t pid;
	int quit;
	struct sockaddr_in at;
	struct sockaddr_in6 at6;
};

/* files: its RLIMIT_NOFILE; 0: as it is.  Listens for both families.  False: it could not be started. */
bool far_end_start(enum far_serve what, unsigned files, struct far_end *ret);

/* Tells it to end: its exit status, 0 when far_serve() returned 0; -1 when it does not end within 5 s. */
int far_end_stop(struct far_end *f);

/* A connected socket on which a read gives up after 5 s; -1. */
int far_end_connect(const struct far_end *f);

bool send_text(int fd, const char *text);

/* Reads so many bytes, or until the end of the stream: how many; -1 for an error or silence. */
ssize_t read_bytes(int fd, void *to, size_t len);

/* Nothing comes for 100 ms: no byte, no end. */
bool is_silent(int fd);

#endif
