/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_lost.h"

#include <stdio.h>

#include "sources/backlog.h"

bool watch_lost_is_unknown(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops; i++)
		if (!a->drops[i].reply)
			return false;
	return a->traced && a->n_syns && !a->connected && !a->n_replies;
}

bool watch_lost_backlog(struct watch_ask *w, uint32_t netns, const struct endpoint *server, struct drop *ret)
{
	char text[ENDPOINT_TEXT_LEN];
	struct namespaces *n = watch_ask_begin(w);
	struct backlog b;

	if (!n || !backlog_find(n, netns, server, &b) || !backlog_is_full(&b))
		return false;
	*ret = (struct drop){ .place = DROP_PEER_BACKLOG, .netns = b.netns };
	snprintf(ret->reason, sizeof(ret->reason), "accept queue full");
	snprintf(ret->rule, sizeof(ret->rule), "listener %s, %u waiting, backlog %u",
		 endpoint_format(&b.listener, text), b.waiting, b.limit);
	return true;
}

bool watch_lost_nobody(struct watch_ask *w, uint32_t netns, const struct endpoint *server)
{
	struct namespaces *n = watch_ask_begin(w);

	return n && backlog_nobody(n, netns, server);
}
