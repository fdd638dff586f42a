/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_broadcast.h"

#include <errno.h>
#include <stddef.h>

#include "sources/namespaces.h"
#include "sources/route.h"

static int ask(void *arg)
{
	return route_is_broadcast(arg);
}

bool watch_broadcast_is(struct watch_ask *w, const struct attempt *a)
{
	struct addr server = a->flow.server.addr;
	struct namespaces *n;

	if (a->end != ATTEMPT_END_RESULT || a->end_error != ENETUNREACH || a->n_syns || server.family != 4)
		return false;
	n = watch_ask_begin(w);
	return n && namespaces_call(n, a->netns, ask, &server, NULL) == 1;
}
