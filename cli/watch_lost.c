/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_lost.h"

#include <inttypes.h>
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

/* A listener that takes no connection from its accept queue is the cause of the other queue, too. */
bool watch_lost_queue(const struct backlog *b, struct drop *ret)
{
	char text[ENDPOINT_TEXT_LEN];
	struct drop d = { .place = DROP_PEER_BACKLOG, .netns = b->netns };
	bool sure = b->by_backlog == SYNQUEUE_FULL;

	endpoint_format(&b->listener, text);
	if (backlog_is_full(b)) {
		snprintf(d.reason, sizeof(d.reason), DROP_ACCEPT_QUEUE);
		snprintf(d.rule, sizeof(d.rule), "listener %s, %u waiting, backlog %u", text, b->waiting, b->limit);
	} else if (sure || (b->by_backlog && !b->by_sysctl)) {
		snprintf(d.reason, sizeof(d.reason), sure ? DROP_SYN_QUEUE : DROP_SYN_QUEUE_LIKELY);
		snprintf(d.rule, sizeof(d.rule), "listener %s, %u half-open, backlog %" PRIu64 ", tcp_syncookies 0",
			 text, b->half_open, b->half_open_backlog);
	} else if (b->by_sysctl) {
		snprintf(d.reason, sizeof(d.reason), DROP_SYN_QUEUE_LIKELY);
		snprintf(
			d.rule, sizeof(d.rule),
			"listener %s, %u half-open, tcp_max_syn_backlog %ld (1/4 of it for known peers), tcp_syncookies 0",
			text, b->half_open, b->max_syn_backlog);
	} else {
		return false;
	}
	*ret = d;
	return true;
}

bool watch_lost_backlog(struct watch_ask *w, uint32_t netns, const struct endpoint *server, struct drop *ret)
{
	struct namespaces *n = watch_ask_begin(w);
	struct backlog b;

	return n && backlog_find(n, netns, server, &b) && watch_lost_queue(&b, ret);
}

bool watch_lost_nobody(struct watch_ask *w, uint32_t netns, const struct endpoint *server)
{
	struct namespaces *n = watch_ask_begin(w);

	return n && backlog_nobody(n, netns, server);
}
