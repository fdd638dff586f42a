/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_SOCKDIAG_H
#define SYNSENT_SOURCES_SOCKDIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/sockdiag_msg.h"
#include "util/err.h"

/*
 * The kernel's own word on sockets: NETLINK_SOCK_DIAG (net/ipv4/inet_diag.c),
 * of the network namespace that the handle was opened in.  Needs no privilege.
 */
struct sockdiag;

#define SOCKDIAG_SYN_SENT (1U << 2)
#define SOCKDIAG_SYN_RECV (1U << 3)
#define SOCKDIAG_LISTEN (1U << 10)

int sockdiag_open(struct sockdiag **ret, struct err *e);
void sockdiag_free(struct sockdiag *d);

/*
 * Calls fn for every TCP socket of `family` (4, 6, 0: both) whose state is in
 * the mask `states` (1 << TCP_...).  A wildcard IPv6 listener, which takes IPv4
 * too, is of family 6.  0 or -errno; after -EAGAIN (sockets changed while they
 * were read) and other failures fn has seen only some.
 */
int sockdiag_dump(struct sockdiag *d, int family, uint32_t states, sockdiag_fn *fn, void *user, struct err *e);

/*
 * Calls fn for the one socket of that flow, local end first; cheap whatever the
 * host's load.  One that is bound to a device is found by that device's index
 * alone (net/ipv4/inet_hashtables.c inet_match()); 0: bound to none.  0, -ENOENT
 * when there is none, or -errno.
 */
int sockdiag_get(struct sockdiag *d, const struct flow *f, uint32_t device, sockdiag_fn *fn, void *user);

/* The destroy multicast groups (SKNLGRP_INET_TCP_DESTROY and the IPv6 one): one message per closed socket. */
int sockdiag_destroy_open(int *ret_fd, struct err *e);

/* Reads what is waiting without blocking; fn is called per socket.  Returns the messages lost (ENOBUFS seen: at least
 * 1), 0, or -errno. */
int sockdiag_destroy_read(int fd, sockdiag_fn *fn, void *user);

#endif
