/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_REACH_H
#define SYNSENT_SOURCES_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

struct namespaces;

/*
 * The network namespace of this host which has that address and which a packet
 * from `netns` (inode number; 0: this one) comes to, as routes, pairs of devices
 * and bridges are now.  Several namespaces may have the same address, and most
 * are not on its way.  False: none is found, as where it leaves this host, where
 * two may be meant, or where a device does not say whereto it leads (tunnels,
 * macvlan, a bond).
 */
bool reach_find(struct namespaces *n, uint32_t netns, const struct endpoint *server, uint32_t *ret_netns);

#endif
