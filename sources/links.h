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
};

typedef void links_fn(const struct link_seen *l, void *user);

/* All of them.  0 or -errno. */
int links_dump(links_fn *fn, void *user);

/* Those that a datagram of the group RTNLGRP_LINK tells of.  0, or -EBADMSG when a message was none. */
int links_parse_datagram(struct bytes b, links_fn *fn, void *user);

#endif
