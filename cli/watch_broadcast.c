/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_broadcast.h"

#include <errno.h>
#include <stdlib.h>

#include "sources/namespaces.h"
#include "sources/route.h"
#include "util/clock.h"
#include "util/duration.h"

struct watch_broadcast {
	struct namespaces *namespaces;
	int64_t second_ns; /* CLOCK_MONOTONIC: since when questions are counted */
	int asked;
};

struct watch_broadcast *watch_broadcast_new(void)
{
	struct watch_broadcast *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->namespaces = namespaces_new();
	if (w->namespaces)
		return w;
	free(w);
	return NULL;
}

void watch_broadcast_free(struct watch_broadcast *w)
{
	if (!w)
		return;
	namespaces_free(w->namespaces);
	free(w);
}

static bool may_ask(struct watch_broadcast *w)
{
	int64_t now = clock_mono_ns();

	if (now - w->second_ns >= NS_PER_S) {
		w->second_ns = now;
		w->asked = 0;
	}
	return w->asked++ < WATCH_BROADCAST_PER_S;
}

static int ask(void *arg)
{
	return route_is_broadcast(arg);
}

bool watch_broadcast_is(struct watch_broadcast *w, const struct attempt *a)
{
	struct addr server = a->flow.server.addr;

	return a->end == ATTEMPT_END_RESULT && a->end_error == ENETUNREACH && !a->n_syns && server.family == 4 &&
	       may_ask(w) && namespaces_call(w->namespaces, a->netns, ask, &server, NULL) == 1;
}
