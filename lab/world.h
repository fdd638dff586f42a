/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_WORLD_H
#define SYNSENT_LAB_WORLD_H

#include <stdbool.h>

#include "core/addr.h"
#include "lab/inherit.h"
#include "util/err.h"

/*
 * Theory of operation.  The world of `synsent run` is three network namespaces in
 * a sandbox (lab/sandbox.h):
 *
 *   client            middle                far end
 *   c0 ---- veth ---- w0   wire   w1 ---- veth ---- s0
 *
 * The client has one address of each family and a default route; all else is
 * behind the wire.  At the far end every address is local (AnyIP), and tproxy
 * rules lead every port to the listeners that are wanted, without NAT and so
 * without conntrack.  Neighbours are permanent: no ARP.  Segments are held to
 * WORLD_GSO_MAX bytes so that the wire's ring has room for many.
 *
 * The names c0, w0, w1 and s0 mean nothing outside.
 */
#define WORLD_CLIENT_LINK "c0"
#define WORLD_FAR_LINK "s0"
#define WORLD_GSO_MAX 16000

/* tproxy's targets at the far end. */
#define WORLD_PORT_SERVE 1	  /* what --serve says */
#define WORLD_PORT_NO_ACCEPT 2	  /* accepts nothing, with room to wait */
#define WORLD_PORT_BACKLOG_FULL 3 /* accepts nothing, and is full */

struct world {
	bool ipv6;
	int client, far; /* network namespaces */
	int wire[2];	 /* packet sockets with a ring: the client's side, the far end's */
	struct addr client4, client6;
};

/*
 * Makes it.  This thread's network namespace becomes the client's, and must be
 * private.  `in`: the settings that both ends get; NULL: the kernel's defaults.
 * world_fini() in every case.
 */
int world_make(struct world *w, const struct inherit *in, struct err *e);
void world_fini(struct world *w);

/* Whether this kernel has IPv6, so that a world will. */
bool world_has_ipv6(void);

/* Closes the wire's sockets here: other processes have them. */
void world_leave_wire(struct world *w);

/* Goes to the far end's network namespace, or back to the client's. */
int world_go(const struct world *w, bool to_far, struct err *e);

/*
 * A listening socket at the far end, for every address of the family, at one of the ports above: transparent,
 * non-blocking.
 */
int world_listen(const struct world *w, int family, uint16_t port, int backlog, int *ret_fd, struct err *e);

#endif
