/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Where a rule in OUTPUT gives a connection another server
 * (DNAT, as Docker and kube-proxy do it), packets name that server, and the socket
 * the one that its program asked for.  So a SYN that no socket sent, while another
 * socket of the same address and port waits of which no SYN was seen, is that one's.
 * From then on its packets are read as if they named the server that was asked
 * for.  A connection that is over before sock_diag shows its socket is known by its
 * packets alone, and keeps the server that they name.
 */
#include "sources/observe_flows.h"

#include <errno.h>

static struct known *first_of_port(struct observe *ob, uint16_t port)
{
	int i = ob->heads[port % FLOW_BUCKETS];

	return i < 0 ? NULL : &ob->flows[i];
}

static struct known *next_of_port(struct observe *ob, const struct known *k)
{
	return k->next < 0 ? NULL : &ob->flows[k->next];
}

/* The youngest whose packets go to that server in place of its own. */
static struct known *translated_to(struct observe *ob, const struct endpoint *client, const struct endpoint *server)
{
	struct known *k;

	for (k = first_of_port(ob, client->port); k; k = next_of_port(ob, k))
		if (k->wire_server.port && endpoint_equal(&k->wire_server, server) &&
		    endpoint_equal(&k->flow.client, client))
			return k;
	return NULL;
}

/* One that waits, with another server, and of which no SYN was seen. */
static struct known *waits_unseen(struct observe *ob, const struct flow *f)
{
	struct known *k;

	for (k = first_of_port(ob, f->client.port); k; k = next_of_port(ob, k))
		if (k->state == KNOWN_LISTED && !k->packets && !k->has_isn && !k->wire_server.port &&
		    endpoint_equal(&k->flow.client, &f->client) && !endpoint_equal(&k->flow.server, &f->server))
			return k;
	return NULL;
}

void nat_undo(struct observe *ob, struct event *ev)
{
	struct event_segment *g = &ev->segment;
	struct known *k;

	if (!ob->o.shared)
		return;
	if (ev->kind == EVENT_ICMP) {
		k = translated_to(ob, &ev->icmp.flow.client, &ev->icmp.flow.server);
		if (k)
			ev->icmp.flow.server = k->flow.server;
		return;
	}
	k = translated_to(ob, &g->src, &g->dst);
	if (k && (!observe_is_syn(ev) || !k->has_isn || k->isn == g->seq))
		g->dst = k->flow.server;
	k = translated_to(ob, &g->dst, &g->src);
	if (k)
		g->src = k->flow.server;
}

static void ignore(const struct sockdiag_socket *s, void *user)
{
}

void nat_find(struct observe *ob, struct event *ev)
{
	const struct flow f = { .client = ev->segment.src, .server = ev->segment.dst };
	struct known *k = ob->o.shared && !flows_of_isn(ob, &f, ev->segment.seq) ? waits_unseen(ob, &f) : NULL;

	if (!k || sockdiag_get(ob->diag, &f, 0, ignore, NULL) != -ENOENT)
		return;
	k->wire_server = f.server;
	ev->segment.dst = k->flow.server;
}

bool nat_gone(struct observe *ob, struct known *k)
{
	struct known *own = ob->o.shared && k->has_isn && !k->seen_ns ? waits_unseen(ob, &k->flow) : NULL;
	struct event syn = { .kind = EVENT_SEGMENT,
			     .t_ns = k->syn0_ns,
			     .segment = { .src = k->flow.client, .seq = k->isn, .flags = TCP_SYN } };
	struct event end = { .kind = EVENT_CLOSE,
			     .t_ns = observe_now(ob),
			     .close = { .flow = k->flow,
					.has_isn = true,
					.isn = k->isn,
					.retransmits = -1,
					.packets_only = true,
					.translated = true } };

	if (!own)
		return false;
	own->wire_server = k->flow.server;
	k->state = KNOWN_OVER;
	k->gone_ns = end.t_ns;
	ob->o.on_event(&end, ob->o.user);
	syn.segment.dst = own->flow.server;
	observe_segment(ob, &syn);
	return true;
}
