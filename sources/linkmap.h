/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_LINKMAP_H
#define SYNSENT_SOURCES_LINKMAP_H

#include "sources/links.h"

struct namespaces;

/* The network devices of all namespaces of this host (sources/namespaces.h), as they were a moment ago. */
struct linkmap {
	struct namespaces *namespaces;
	struct linkmap_device {
		uint32_t netns; /* inode number */
		struct link_seen is;
	} * v;
	int n, room;
};

/* NULL when there is no memory. */
struct linkmap *linkmap_new(struct namespaces *n);
void linkmap_free(struct linkmap *m);

/* Which of v that is, by its number in its namespace; -1: none. */
int linkmap_find(const struct linkmap *m, uint32_t netns, uint32_t ifindex);

/* Device b is what the `link` of device a says: the other end of a pair, or what a is made upon. */
bool linkmap_is_link_of(const struct linkmap *m, int b, int a);

#endif
