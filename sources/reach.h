/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_REACH_H
#define SYNSENT_SOURCES_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"

struct namespaces;

#define REACH_MAX 8

/* Network namespaces of this host that have a server's address, and that a packet to it comes to. */
struct reach {
	struct reach_place {
		uint32_t netns;	 /* inode number */
		uint32_t device; /* by which it comes; 0: not known */
		uint32_t vrf;	 /* the device of the VRF that this is of; 0: none */
	} v[REACH_MAX];
	int n;
	bool sure;		/* where n is 1: it is that one */
	struct endpoint server; /* as they have it: NAT on the way may have made another one of it */
};

/*
 * Those that a packet of that flow's client comes to, which is in `netns` (inode number; 0: this one), as routes and
 * devices are now; itself, where the address is its own.  Several
 * namespaces may have the same address, and most are not on its way.  None is found where it leaves this host.  What
 * is behind a tunnel, or a route that is not known, is where the way back is from by a tunnel of that kind, or to
 * `netns`: not sure.  Nor is it where the rules of routes ask for more than the server (sources/routerules.h).  Where
 * NAT on the way sends a connection is asked of its conntrack, which has that until 120 s after its last SYN.
 */
void reach_find(struct namespaces *n, uint32_t netns, const struct flow *f, struct reach *ret);

#endif
