/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_NETIF_H
#define SYNSENT_LAB_NETIF_H

#include <stdbool.h>

#include "core/addr.h"
#include "util/err.h"

/* Links, addresses and routes of this process's network namespace, by rtnetlink.  All return 0 or -errno. */
int netif_up(const char *name, struct err *e);

/* Adds or removes an address as a host address (/32, /128, no duplicate address detection).  Adding one that is there
 * is fine.  An IPv6 address is added to an interface that is up, and is in use (has its local route) on return. */
int netif_addr(const char *name, const struct addr *a, bool add, struct err *e);

enum netif_route {
	ROUTE_PROHIBIT,	   /* connect: EACCES */
	ROUTE_UNREACHABLE, /* EHOSTUNREACH */
	ROUTE_BLACKHOLE,   /* EINVAL */
};

int netif_route_add(const struct addr *dst, enum netif_route type, struct err *e);

#endif
