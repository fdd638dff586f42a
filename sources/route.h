/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_ROUTE_H
#define SYNSENT_SOURCES_ROUTE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

/* The interface by which the kernel would send to `dst` now (RTM_GETROUTE, as `ip route get`), by TCP to its port
 * unless that is 0.  0, or -errno: what connect() would give when there is no way. */
int route_device(const struct endpoint *dst, char ret[IF_NAMESIZE]);

/* What it would send to first: the gateway, or `dst` itself where that is on the link. */
struct route_hop {
	struct addr addr;
	uint32_t ifindex;
};

/* The same by its next hop; by the routes of a VRF, its device's number, unless that is 0. */
int route_hop(const struct endpoint *dst, uint32_t vrf, struct route_hop *ret);

/* It is an address of this network namespace. */
bool route_is_local(const struct addr *a);

/* What the routes and their rules say of a connect() that is bound to nothing and has no mark. */
struct route_answer {
	int error;	/* that it would give; 0: there is a way */
	bool broadcast; /* the address is a subnet's for all, to which TCP cannot connect: ENETUNREACH */
	bool no_ipv6;	/* no way to an address of IPv6, and none of IPv6 in this network namespace: EADDRNOTAVAIL */
};

/* 0, or -errno: they could not be asked. */
int route_ask(const struct endpoint *dst, struct route_answer *ret);

#endif
