/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_LINKS_H
#define SYNSENT_SOURCES_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

/* The network devices of this thread's network namespace (RTM_GETLINK, rtnetlink(7)). */
struct link_seen {
	bool gone; /* RTM_DELLINK */
	uint32_t ifindex;
	char name[16];
	char kind[16];	  /* "veth", "bridge"; "": of hardware, mostly */
	uint32_t master;  /* 0: none */
	uint32_t link;	  /* the other end of a pair, or what it is made upon; 0: none */
	bool has_netnsid; /* ... which is in another namespace, by this one's number for it */
	int32_t netnsid;
	uint32_t number; /* the first of its kind's own: the ID of a VLAN or VXLAN, how a macvlan forwards
			    (MACVLAN_MODE_) */
	bool has_mac;	 /* an address of Ethernet's length */
	uint8_t mac[6];
};

typedef void links_fn(const struct link_seen *l, void *user);

/* All of them.  0 or -errno. */
int links_dump(links_fn *fn, void *user);

/* That one.  0 or -errno. */
int links_get(uint32_t ifindex, links_fn *fn, void *user);

/* Those that a datagram of the group RTNLGRP_LINK tells of.  0, or -EBADMSG when a message was none. */
int links_parse_datagram(struct bytes b, links_fn *fn, void *user);

#endif
