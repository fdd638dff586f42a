/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_nat.h"

#include "sources/conntrack.h"

static void add_drop(struct watch_source *s, const struct flow *as, enum trace_dropped what, struct attempt *a)
{
	struct drop d;

	if (a->n_drops == ATTEMPT_DROPS_MAX || !watch_source_dropped(s, as, what, &d) ||
	    d.last_ns < attempt_start_ns(a))
		return;
	if (d.netns && d.netns != a->netns)
		d.place = DROP_PATH_OR_PEER;
	a->drops[a->n_drops++] = d;
}

bool watch_nat_look(struct watch_ask *w, struct watch_source *s, struct attempt *a, struct flow *ret_as)
{
	struct namespaces *n = watch_ask_begin(w);

	if (!n || !conntrack_find(n, a->netns, &a->flow, ret_as))
		return false;
	if (!endpoint_equal(&ret_as->server, &a->flow.server))
		a->sent_to = ret_as->server;
	add_drop(s, ret_as, TRACE_DROPPED_SYN, a);
	add_drop(s, ret_as, TRACE_DROPPED_SYN_ACK, a);
	return true;
}
