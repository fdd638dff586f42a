/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_SEGMENT_H
#define SYNSENT_SOURCES_SEGMENT_H

#include "sources/linkmap.h"

/*
 * Which devices of this host a frame may come to that leaves by one of them, whatever address it is to: by pairs
 * (veth, netkit), bridges, bonds and teams, VLANs, macvlan and ipvlan, and VXLAN.
 */

#define SEGMENT_MAX 1024

struct segment {
	int v[SEGMENT_MAX]; /* of the map's, those whose namespaces take it in */
	int n;
	bool too_many; /* there are more */
	bool unsure;   /* some of them may be on another segment of the same kind: VXLAN */
	int left;      /* a device by which it may leave what can be followed: of hardware, a tunnel; -1: none */
};

void segment_find(const struct linkmap *m, int device, struct segment *ret);

#endif
