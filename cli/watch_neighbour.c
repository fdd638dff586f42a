/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_neighbour.h"

#include <errno.h>
#include <string.h>

#include "sources/namespaces.h"
#include "sources/neighbour.h"
#include "util/duration.h"

/* What the table says later may be of what came since. */
#define SOON_NS NS_PER_S

bool watch_neighbour_decides(const struct attempt *a)
{
	return a->traced && a->end_error == EHOSTUNREACH && !a->n_drops && !a->n_replies;
}

bool watch_neighbour_concerns(const struct attempt *a)
{
	bool unseen = a->syns_seen ? !a->found_waiting && attempt_syns_sent(a) > a->n_syns : a->n_syns == 1;

	return !a->traced && unseen && !a->connected;
}

static const struct endpoint *server_of(const struct attempt *a)
{
	return a->sent_to.port ? &a->sent_to : &a->flow.server;
}

static bool may_tell(const struct attempt *a, int64_t now_ns)
{
	return !addr_is_loopback(&server_of(a)->addr) && now_ns - a->ended_ns <= SOON_NS;
}

static void look(struct namespaces *n, struct attempt *a)
{
	struct neighbour is;

	if (!n || !neighbour_is_silent(n, a->netns, server_of(a), &is))
		return;
	a->silent_hop = is.addr;
	memcpy(a->silent_device, is.device, sizeof(a->silent_device));
}

void watch_neighbour_look(struct watch_ask *w, struct attempt *a, int64_t now_ns)
{
	if (may_tell(a, now_ns))
		look(watch_ask_begin(w), a);
}

void watch_neighbour_look_here(struct attempt *a, int64_t now_ns)
{
	struct namespaces *n = may_tell(a, now_ns) ? namespaces_new() : NULL;

	look(n, a);
	namespaces_free(n);
}
