/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/backlog.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/attempt.h"
#include "sources/namespaces.h"
#include "sources/procs.h"
#include "sources/reach.h"
#include "sources/route.h"
#include "sources/sockdiag.h"
#include "sources/sysctls.h"

struct search {
	struct synqueue queue;
	uint32_t netns;
	struct backlog *ret; /* NULL: only whether there is a listener is wanted */
	bool comes_here;     /* it is known that a packet comes there */
	bool has_address;    /* it is one of that namespace's own */
	bool saw_all;	     /* of its listeners */
};

static void on_listener(const struct sockdiag_socket *s, void *user)
{
	synqueue_listener(user, s);
}

static void on_request(const struct sockdiag_socket *s, void *user)
{
	synqueue_request(user, s);
}

/* What is half open is looked at only where it matters: that is a walk through all connections of the namespace. */
static void look_at_syns(struct sockdiag *d, struct search *k)
{
	struct backlog *b = k->ret;
	struct synqueue *q = &k->queue;
	long cookies, max;

	if (sysctls_get("ipv4/tcp_syncookies", &cookies) || cookies || sysctls_get("ipv4/tcp_max_syn_backlog", &max) ||
	    sockdiag_dump(d, 0, SOCKDIAG_SYN_RECV, on_request, q, NULL))
		return;
	b->max_syn_backlog = (int)max;
	b->half_open = q->half_open;
	b->half_open_backlog = q->backlog;
	b->by_backlog = synqueue_by_backlog(q->half_open, q->backlog, q->n);
	b->by_sysctl = synqueue_by_sysctl(q->half_open, max);
}

static void tell(struct sockdiag *d, struct search *k)
{
	const struct event_state *s = &k->queue.listener.state;

	*k->ret = (struct backlog){
		.listener = s->flow.server,
		.inode = s->inode,
		.netns = k->netns,
		.waiting = s->rqueue,
		.limit = s->wqueue,
	};
	look_at_syns(d, k);
}

/* In the namespace that is looked at: has it that address? */
static int look(void *arg)
{
	struct search *k = arg;
	struct sockdiag *d;

	k->has_address = k->comes_here || route_is_local(&k->queue.server.addr);
	if (!k->has_address || sockdiag_open(&d, NULL))
		return 0;
	k->saw_all = !sockdiag_dump(d, 0, SOCKDIAG_LISTEN, on_listener, &k->queue, NULL);
	if (k->queue.fit && k->ret)
		tell(d, k);
	sockdiag_free(d);
	return 0;
}

static bool look_at(struct namespaces *n, const struct endpoint *server, const struct reach_place *at,
		    struct backlog *ret)
{
	struct search k = { .queue = { .server = *server, .device = at->device, .vrf = at->vrf },
			    .netns = at->netns,
			    .ret = ret,
			    .comes_here = true };

	namespaces_call(n, at->netns, look, &k, NULL);
	return k.queue.fit;
}

static bool find_elsewhere(struct namespaces *n, uint32_t netns, const struct flow *f, struct backlog *ret)
{
	struct backlog b;
	struct reach r;
	bool found = false;
	int i;

	reach_find(n, netns, f, &r);
	for (i = 0; i < r.n; i++) {
		if (!look_at(n, &r.server, &r.v[i], &b) || (found && !backlog_is_full(&b)))
			continue;
		*ret = b;
		ret->likely = r.n > 1 || !r.sure;
		found = true;
	}
	return found;
}

bool backlog_find(struct namespaces *n, uint32_t netns, const struct flow *f, struct backlog *ret)
{
	struct search k = { .queue.server = f->server, .netns = netns, .ret = ret };

	namespaces_call(n, netns, look, &k, NULL);
	return k.has_address || !n ? k.queue.fit : find_elsewhere(n, netns, f, ret);
}

bool backlog_nobody(struct namespaces *n, uint32_t netns, const struct endpoint *server)
{
	struct search k = { .queue.server = *server, .netns = netns };

	namespaces_call(n, netns, look, &k, NULL);
	return k.saw_all && !k.queue.fit;
}

/* "listener 10.0.0.2:80 (nginx, pid 7)" */
#define LISTENER_LEN (ENDPOINT_TEXT_LEN + 48)

static void listener_text(const struct backlog *b, const struct procs_wanted *owner, char to[LISTENER_LEN])
{
	char text[ENDPOINT_TEXT_LEN];

	endpoint_format(&b->listener, text);
	if (owner)
		snprintf(to, LISTENER_LEN, "listener %s (%.*s, pid %d)", text, (int)sizeof(owner->comm), owner->comm,
			 owner->pid);
	else
		snprintf(to, LISTENER_LEN, "listener %s", text);
}

/* A listener that takes no connection from its accept queue is the cause of the other queue, too. */
static const char *reason_of(const struct backlog *b)
{
	if (backlog_accept_is_full(b))
		return b->likely ? DROP_ACCEPT_QUEUE_LIKELY : DROP_ACCEPT_QUEUE;
	return b->likely || b->by_backlog != SYNQUEUE_FULL ? DROP_SYN_QUEUE_LIKELY : DROP_SYN_QUEUE;
}

bool backlog_drop(const struct backlog *b, const struct procs_wanted *owner, struct drop *ret)
{
	char listener[LISTENER_LEN];

	if (!backlog_is_full(b))
		return false;
	listener_text(b, owner, listener);
	*ret = (struct drop){ .place = DROP_PEER_BACKLOG, .netns = b->netns };
	snprintf(ret->reason, sizeof(ret->reason), "%s", reason_of(b));
	if (backlog_accept_is_full(b))
		snprintf(ret->rule, sizeof(ret->rule), "%s, %u waiting, backlog %u", listener, b->waiting, b->limit);
	else if (b->by_backlog == SYNQUEUE_FULL || !b->by_sysctl)
		snprintf(ret->rule, sizeof(ret->rule), "%s, %u half-open, backlog %" PRIu64 ", tcp_syncookies 0",
			 listener, b->half_open, b->half_open_backlog);
	else
		snprintf(ret->rule, sizeof(ret->rule),
			 "%.72s, %u half-open, over 3/4 of tcp_max_syn_backlog %d, tcp_syncookies 0", listener,
			 b->half_open, b->max_syn_backlog);
	return true;
}

bool backlog_look(struct namespaces *n, uint32_t netns, const struct flow *f, struct drop *ret)
{
	struct procs_wanted owner;
	struct backlog b;

	if (!backlog_find(n, netns, f, &b) || !backlog_is_full(&b))
		return false;
	owner = (struct procs_wanted){ .inode = b.inode };
	return backlog_drop(&b, procs_socket_owners(&owner, 1, 0) ? &owner : NULL, ret);
}
