/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_lost.h"

#include <inttypes.h>
#include <stdio.h>

#include "sources/backlog.h"
#include "sources/procs.h"

bool watch_lost_is_unknown(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops; i++)
		if (!a->drops[i].reply)
			return false;
	return a->traced && a->n_syns && !a->connected && !a->n_replies;
}

/* "listener 10.0.0.2:80 (nginx, pid 7)" */
#define LISTENER_LEN (ENDPOINT_TEXT_LEN + 48)

static const char *listener_text(const struct backlog *b, const struct procs_wanted *owner, char to[LISTENER_LEN])
{
	char text[ENDPOINT_TEXT_LEN];

	endpoint_format(&b->listener, text);
	if (owner)
		snprintf(to, LISTENER_LEN, "listener %s (%.*s, pid %d)", text, (int)sizeof(owner->comm), owner->comm,
			 owner->pid);
	else
		snprintf(to, LISTENER_LEN, "listener %s", text);
	return to;
}

static bool is_full(const struct backlog *b)
{
	return backlog_is_full(b) || b->by_backlog || b->by_sysctl;
}

/* A listener that takes no connection from its accept queue is the cause of the other queue, too. */
bool watch_lost_queue(const struct backlog *b, const struct procs_wanted *owner, struct drop *ret)
{
	bool sure = b->by_backlog == SYNQUEUE_FULL;
	char listener[LISTENER_LEN];

	if (!is_full(b))
		return false;
	listener_text(b, owner, listener);
	*ret = (struct drop){ .place = DROP_PEER_BACKLOG, .netns = b->netns };
	if (backlog_is_full(b)) {
		snprintf(ret->reason, sizeof(ret->reason), DROP_ACCEPT_QUEUE);
		snprintf(ret->rule, sizeof(ret->rule), "%s, %u waiting, backlog %u", listener, b->waiting, b->limit);
		return true;
	}
	snprintf(ret->reason, sizeof(ret->reason), sure ? DROP_SYN_QUEUE : DROP_SYN_QUEUE_LIKELY);
	if (sure || !b->by_sysctl)
		snprintf(ret->rule, sizeof(ret->rule), "%s, %u half-open, backlog %" PRIu64 ", tcp_syncookies 0",
			 listener, b->half_open, b->half_open_backlog);
	else
		snprintf(ret->rule, sizeof(ret->rule),
			 "%.72s, %u half-open, over 3/4 of tcp_max_syn_backlog %d, tcp_syncookies 0", listener,
			 b->half_open, b->max_syn_backlog);
	return true;
}

bool watch_lost_backlog(struct watch_ask *w, uint32_t netns, const struct endpoint *server, struct drop *ret)
{
	struct namespaces *n = watch_ask_begin(w);
	struct procs_wanted owner;
	struct backlog b;

	if (!n || !backlog_find(n, netns, server, &b) || !is_full(&b))
		return false;
	return watch_lost_queue(&b, watch_ask_owner(w, b.inode, &owner) ? &owner : NULL, ret);
}

bool watch_lost_nobody(struct watch_ask *w, uint32_t netns, const struct endpoint *server)
{
	struct namespaces *n = watch_ask_begin(w);

	return n && backlog_nobody(n, netns, server);
}
