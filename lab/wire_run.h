/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_WIRE_RUN_H
#define SYNSENT_LAB_WIRE_RUN_H

#include <stdint.h>
#include <sys/types.h>

#include "lab/wire.h"
#include "util/err.h"

/*
 * The wire at work: a process that moves frames between two packet sockets and
 * lets lab/wire.h decide.  Frames come through a ring (packet(7) PACKET_RX_RING),
 * whose size does not depend on what an ordinary user may give a socket's buffer, and
 * what finds no room there is counted.
 */

/* A packet socket with its ring, on that link of this thread's network namespace. */
int wire_open(const char *link, int *ret_fd, struct err *e);

struct wire_run;

/* What the process counted so far. */
struct wire_counts {
	uint64_t frames;
	uint64_t lost;	    /* frames for which its ring had no room, or that could not be sent on */
	uint64_t untold;    /* deeds that were not told, since nobody read */
	uint64_t unheld;    /* wire_unheld() */
	uint64_t forgotten; /* wire_forgotten() */
};

/*
 * Starts it, on wire_open()'s sockets, which stay the caller's: it may close them.  It ends with this process.
 * opts->send, tell and user are not used.
 */
int wire_start(const int sockets[2], const struct wire_opts *opts, struct wire_run **ret, struct err *e);
void wire_stop(struct wire_run *w);

/* The same without waiting for it: wire_stop() does. */
void wire_end(struct wire_run *w);

/* Becomes readable when there are deeds to be told. */
int wire_fd(const struct wire_run *w);

/* Calls fn for each deed that is told, without blocking. */
void wire_read(struct wire_run *w, void (*fn)(const struct wire_told *t, void *user), void *user);

void wire_counts(const struct wire_run *w, struct wire_counts *ret);

/* It ended by itself, which it never should. */
int wire_process_fd(const struct wire_run *w);

#endif
