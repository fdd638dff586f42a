/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_nat.h"

#include "sources/conntrack.h"
#include "sources/conntrack_rules.h"

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

bool watch_nat_decides(const struct watch_source *s, const struct attempt *a)
{
	const struct reply *r = attempt_accepted_reply(a);

	return a->traced && r && r->kind == REPLY_RST && !a->sent_to.port && !a->n_drops &&
	       !watch_source_tells_nat(s) && conntrack_is_there();
}

void watch_nat_doubt(struct watch_ask *w, struct attempt *a)
{
	bool six = a->flow.server.addr.family == 6;
	struct namespaces *n;

	if (watch_ask_kept(w, a->netns, six, &a->may_be_sent_on))
		return;
	n = watch_ask_begin(w);
	a->may_be_sent_on = !n || conntrack_has_rules(n, a->netns, six);
	if (n)
		watch_ask_keep(w, a->netns, six, a->may_be_sent_on);
}
