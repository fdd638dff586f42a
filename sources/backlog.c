/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/backlog.h"

#include <net/if.h>
#include <string.h>

#include "sources/namespaces.h"
#include "sources/reach.h"
#include "sources/route.h"
#include "sources/sockdiag.h"

struct search {
	const struct endpoint *server;
	uint32_t netns;
	struct backlog *ret;
	bool found;
	bool has_address; /* it is one of that namespace's own */
	bool saw_all;	  /* of its listeners */
};

/* The address itself counts for more than a wildcard. */
static void on_listener(const struct sockdiag_socket *s, void *user)
{
	struct search *k = user;
	const struct endpoint *own = &s->state.flow.client;
	bool any = addr_is_any(&own->addr);

	if (own->port != k->server->port || (!any && !addr_equal(&own->addr, &k->server->addr)) ||
	    (any && own->addr.family == 4 && k->server->addr.family == 6) || (k->found && any))
		return;
	k->found = true;
	*k->ret = (struct backlog){
		.listener = *own, .netns = k->netns, .waiting = s->state.rqueue, .limit = s->state.wqueue
	};
}

/* In the namespace that is looked at: has it that address? */
static int look(void *arg)
{
	struct search *k = arg;
	const struct endpoint at = { .addr = k->server->addr };
	char device[IF_NAMESIZE];
	struct sockdiag *d;

	if (route_device(&at, device) || strcmp(device, "lo"))
		return 0;
	k->has_address = true;
	if (sockdiag_open(&d, NULL))
		return 0;
	k->saw_all = !sockdiag_dump(d, 0, SOCKDIAG_LISTEN, on_listener, k, NULL);
	sockdiag_free(d);
	return 0;
}

bool backlog_find(struct namespaces *n, uint32_t netns, const struct endpoint *server, struct backlog *ret)
{
	struct search k = { .server = server, .netns = netns, .ret = ret };

	namespaces_call(n, netns, look, &k, NULL);
	if (!k.has_address && reach_find(n, netns, server, &k.netns))
		namespaces_call(n, k.netns, look, &k, NULL);
	return k.found;
}

bool backlog_nobody(struct namespaces *n, uint32_t netns, const struct endpoint *server)
{
	struct backlog unused;
	struct search k = { .server = server, .netns = netns, .ret = &unused };

	namespaces_call(n, netns, look, &k, NULL);
	return k.saw_all && !k.found;
}
