/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_lost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources/backlog.h"
#include "sources/namespaces.h"
#include "util/clock.h"
#include "util/duration.h"

struct watch_lost {
	struct namespaces *namespaces;
	int64_t second_ns; /* CLOCK_MONOTONIC: since when questions are counted */
	int asked;
};

struct watch_lost *watch_lost_new(void)
{
	struct watch_lost *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->namespaces = namespaces_new();
	if (w->namespaces)
		return w;
	free(w);
	return NULL;
}

void watch_lost_free(struct watch_lost *w)
{
	if (!w)
		return;
	namespaces_free(w->namespaces);
	free(w);
}

bool watch_lost_is_unknown(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops; i++)
		if (!a->drops[i].reply)
			return false;
	return a->traced && a->n_syns && !a->connected && !a->n_replies;
}

static bool may_ask(struct watch_lost *w)
{
	int64_t now = clock_mono_ns();

	if (now - w->second_ns >= NS_PER_S) {
		w->second_ns = now;
		w->asked = 0;
	}
	return w->asked++ < WATCH_LOST_PER_S;
}

bool watch_lost_backlog(struct watch_lost *w, uint32_t netns, const struct endpoint *server, struct drop *ret)
{
	char text[ENDPOINT_TEXT_LEN];
	struct backlog b;

	if (!may_ask(w) || !backlog_find(w->namespaces, netns, server, &b) || !backlog_is_full(&b))
		return false;
	*ret = (struct drop){ .place = DROP_PEER_BACKLOG, .netns = b.netns };
	snprintf(ret->reason, sizeof(ret->reason), "accept queue full");
	snprintf(ret->rule, sizeof(ret->rule), "listener %s, %u waiting, backlog %u",
		 endpoint_format(&b.listener, text), b.waiting, b.limit);
	return true;
}

bool watch_lost_nobody(struct watch_lost *w, uint32_t netns, const struct endpoint *server)
{
	return may_ask(w) && backlog_nobody(w->namespaces, netns, server);
}
