/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/backlog.h"

#include <net/if.h>
#include <string.h>

#include "sources/namespaces.h"
#include "sources/reach.h"
#include "sources/route.h"
#include "sources/sockdiag.h"
#include "sources/sysctls.h"

struct search {
	struct synqueue queue;
	uint32_t netns;
	struct backlog *ret; /* NULL: only whether there is a listener is wanted */
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
	const struct endpoint at = { .addr = k->queue.server.addr };
	char device[IF_NAMESIZE];
	struct sockdiag *d;

	if (route_device(&at, device) || strcmp(device, "lo"))
		return 0;
	k->has_address = true;
	if (sockdiag_open(&d, NULL))
		return 0;
	k->saw_all = !sockdiag_dump(d, 0, SOCKDIAG_LISTEN, on_listener, &k->queue, NULL);
	if (k->queue.fit && k->ret)
		tell(d, k);
	sockdiag_free(d);
	return 0;
}

bool backlog_find(struct namespaces *n, uint32_t netns, const struct endpoint *server, struct backlog *ret)
{
	struct search k = { .queue.server = *server, .netns = netns, .ret = ret };

	namespaces_call(n, netns, look, &k, NULL);
	if (!k.has_address && reach_find(n, netns, server, &k.netns))
		namespaces_call(n, k.netns, look, &k, NULL);
	return k.queue.fit;
}

bool backlog_nobody(struct namespaces *n, uint32_t netns, const struct endpoint *server)
{
	struct search k = { .queue.server = *server, .netns = netns };

	namespaces_call(n, netns, look, &k, NULL);
	return k.saw_all && !k.queue.fit;
}
