/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_NETIF_H
#define SYNSENT_LAB_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "util/err.h"

/* Links, addresses and routes of this process's network namespace, by rtnetlink.  All return 0 or -errno. */
int netif_up(const char *name, struct err *e);

/* Adds or removes an address as a host address (/32, /128, no duplicate address detection).  Adding one that is there
 * is fine.  An IPv6 address is added to an interface that is up, and is in use (has its local route) on return. */
int netif_addr(const char *name, const struct addr *a, bool add, struct err *e);

/* One end of a link. */
struct netif_end {
	const char *name;
	uint8_t mac[6];
	int netns; /* a descriptor of the network namespace that gets it; -1: this thread's */
};

/* A pair of Ethernet links, both down.  gso_max: the largest segment that TCP may hand to it, bytes. */
int netif_veth(const struct netif_end *a, const struct netif_end *b, int gso_max, struct err *e);

enum netif_route {
	ROUTE_PROHIBIT,	   /* connect: EACCES */
	ROUTE_UNREACHABLE, /* EHOSTUNREACH */
	ROUTE_BLACKHOLE,   /* EINVAL */
	ROUTE_LOCAL,	   /* every address of it is this host's own (AnyIP) */
	ROUTE_VIA,	   /* to `via`, or, where there is none, straight onto the link */
};

struct netif_path {
	struct addr dst; /* a host; with `any` only its family counts */
	bool any;
	enum netif_route type;
	struct addr via;
	const char *dev; /* NULL: none */
	uint32_t table;	 /* 0: main */
};

int netif_path(const struct netif_path *p, struct err *e);
int netif_route_add(const struct addr *dst, enum netif_route type, struct err *e);

/* A neighbour that needs no ARP, nor neighbour discovery. */
int netif_neighbour(const char *name, const struct addr *a, const uint8_t mac[6], struct err *e);

enum netif_action {
	RULE_TABLE,
	RULE_NO_ROUTE,	/* ENETUNREACH (net/core/fib_rules.c; FR_ACT_UNREACHABLE) */
	RULE_PROHIBIT,	/* EACCES */
	RULE_BLACKHOLE, /* EINVAL */
};

/* A policy rule for TCP.  Ports in rules: Linux 4.17. */
struct netif_rule {
	int pref;
	int family;	/* 4 or 6 */
	struct addr to; /* none: any */
	uint16_t port;	/* 0: any */
	enum netif_action action;
	uint32_t table; /* RULE_TABLE */
};

int netif_rule(const struct netif_rule *rule, struct err *e);

#endif
