/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_WORLD_STAGE_H
#define SYNSENT_LAB_WORLD_STAGE_H

#include <stdbool.h>

#include "lab/fault.h"
#include "lab/world.h"
#include "util/buf.h"

/* What is to stand in the way, or to lead elsewhere, in this world. */
struct world_stage {
	const struct fault *faults; /* those of the wire are passed over */
	int n_faults;
	const struct fault_scope
		*only;	 /* a connection outside of it is refused by the far end; NULL: everything exists */
	bool own_server; /* ports are reached as they are, not led to WORLD_PORT_SERVE */
};

/*
 * Does what faults of the kernel's own means need: tproxy rules at the far end,
 * policy rules and nft rules at the client.  The listeners are the caller's.
 */
int world_stage(const struct world *w, const struct world_stage *st, struct err *e);

/* The rule by which that fault (FAULT_FIREWALL) drops what goes to, or comes from, the server, as nft lists it. */
void world_firewall_text(const struct fault *f, const struct endpoint *server, char *to, int len);

/* The pure half: scripts for nft; "" when there is nothing to do. */
void world_far_script(const struct world_stage *st, bool ipv6, struct buf *to);
void world_client_script(const struct world_stage *st, bool ipv6, struct buf *to);

#endif
