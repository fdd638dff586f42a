/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_neighbour.h"

#include <errno.h>
#include <string.h>

#include "sources/neighbour.h"
#include "util/clock.h"
#include "util/duration.h"

/* What the table says later may be of what came since. */
#define SOON_NS NS_PER_S

bool watch_neighbour_decides(const struct attempt *a)
{
	return a->traced && a->end_error == EHOSTUNREACH && !a->n_drops && !a->n_replies;
}

void watch_neighbour_look(struct watch_ask *w, struct attempt *a)
{
	const struct endpoint *server = a->sent_to.port ? &a->sent_to : &a->flow.server;
	struct namespaces *n;
	struct neighbour is;

	if (addr_is_loopback(&server->addr) || clock_real_ns() - a->ended_ns > SOON_NS)
		return;
	n = watch_ask_begin(w);
	if (!n || !neighbour_is_silent(n, a->netns, server, &is))
		return;
	a->silent_hop = is.addr;
	memcpy(a->silent_device, is.device, sizeof(a->silent_device));
}
