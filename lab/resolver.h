/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_RESOLVER_H
#define SYNSENT_LAB_RESOLVER_H

#include <poll.h>

#include "lab/names.h"
#include "lab/world.h"
#include "util/err.h"

/*
 * The DNS responder of a world, in its owner's poll loop: at the client's
 * loopback addresses, of which resolv.conf names one, and at every address of
 * the far end, for programs that ask a server of their own choice.  UDP only.
 */
struct resolver;

#define RESOLVER_ADDRESS "127.0.0.53"
#define RESOLVER_FDS_MAX 5

/* n is borrowed. */
int resolver_open(const struct world *w, struct names *n, struct resolver **ret, struct err *e);
void resolver_free(struct resolver *r);

/* Fills in what to poll for; at most RESOLVER_FDS_MAX.  Returns how many. */
int resolver_fds(const struct resolver *r, struct pollfd *fds);

/* Answers what waits, without blocking; fn is told of each question. */
void resolver_pump(struct resolver *r, void (*fn)(const struct names_question *q, void *user), void *user);

#endif
