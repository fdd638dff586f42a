/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_route.h"

#include <errno.h>
#include <stddef.h>

#include "sources/namespaces.h"

struct question {
	const struct endpoint *server;
	struct route_answer answer;
};

static int ask(void *arg)
{
	struct question *q = arg;

	return route_ask(q->server, &q->answer);
}

/* IPv6 has it when no source address fits (net/ipv6/addrconf.c ipv6_dev_get_saddr()). */
static bool may_lack_address(const struct attempt *a)
{
	return a->end_error == EADDRNOTAVAIL && a->flow.server.addr.family == 6 && !a->port_sought;
}

bool watch_route_decides(const struct attempt *a)
{
	return a->end == ATTEMPT_END_RESULT && !a->n_syns &&
	       (a->end_error == ENETUNREACH || a->end_error == EHOSTUNREACH || a->end_error == EACCES ||
		a->end_error == EINVAL || may_lack_address(a));
}

void watch_route_take(const struct route_answer *is, struct attempt *a)
{
	a->route_asked = true;
	a->route_error = is->error;
	a->to_broadcast = is->broadcast;
	a->no_ipv6 = is->no_ipv6;
}

void watch_route_look(struct watch_ask *w, struct attempt *a)
{
	struct question q = { .server = &a->flow.server };
	struct namespaces *n = watch_ask_begin(w);

	if (n && !namespaces_call(n, a->netns, ask, &q, NULL))
		watch_route_take(&q.answer, a);
}
