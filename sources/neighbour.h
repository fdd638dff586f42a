/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NEIGHBOUR_H
#define SYNSENT_SOURCES_NEIGHBOUR_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

struct namespaces;

/* A next hop that the kernel asks for, or has asked for, by ARP or ND, and that has not answered. */
struct neighbour {
	struct addr addr;
	char device[IF_NAMESIZE];
};

/*
 * Is the next hop to that server such a one now, in that network namespace
 * (inode number; 0: this one)?  By its route and its neighbour table
 * (RTM_GETNEIGH, Linux 5.0).  False also when it is not known.
 */
bool neighbour_is_silent(struct namespaces *n, uint32_t netns, const struct endpoint *server, struct neighbour *ret);

/* The address of Ethernet's length that a neighbour of this thread's namespace has now.  False: none is known. */
bool neighbour_mac(const struct addr *a, uint32_t ifindex, uint8_t ret[6]);

#endif
