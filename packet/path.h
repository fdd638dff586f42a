/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_PATH_H
#define SYNSENT_PACKET_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"

#define PATH_STEPS_MAX 10  /* what is deeper is not recorded */
#define PATH_TUNNELS_MAX 8 /* what is deeper is not decoded */

/* One layer of encapsulation that was taken off. */
enum path_kind {
	PATH_NONE,
	PATH_VLAN,   /* id: VLAN ID, of whichever tag type */
	PATH_MPLS,   /* id: label */
	PATH_PPPOE,  /* id: session */
	PATH_IPIP,   /* IPv4 or IPv6 in IPv4, IPv4 or IPv6 in IPv6 (protocols 4 and 41); no id */
	PATH_GRE,    /* id: key, when there is one */
	PATH_ERSPAN, /* id: session */
	PATH_VXLAN,  /* id: VNI */
	PATH_GENEVE, /* id: VNI */
	PATH_GTPU,   /* id: TEID */
	PATH_KIND_N,
};

struct path_step {
	enum path_kind kind;
	bool has_id;
	uint32_t id;
	struct addr src, dst; /* the outer addresses of a tunnel; none for VLAN, MPLS, PPPoE */
};

/* What was around a packet, from the outside in. */
struct path {
	int n; /* may exceed PATH_STEPS_MAX: so many there were, the first are recorded */
	int n_tunnels;
	struct path_step steps[PATH_STEPS_MAX];
};

/* Adds the next step inwards; one with addresses is a tunnel. */
void path_add(struct path *p, const struct path_step *s);

/*
 * "vlan 10", "vlan 10 / vxlan 5 192.0.2.1 > 192.0.2.2", "gre 192.0.2.1 >
 * 192.0.2.2"; "" for no encapsulation; " / 10 more" for those that were not
 * recorded.  Cut at `len`.  Returns `to`.
 */
char *path_format(const struct path *p, char *to, size_t len);

#endif
