/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/run_own.h"

#define NONE (-1)

void run_own_init(struct run_own *o)
{
	int i;

	o->n = 0;
	for (i = 0; i < RUN_OWN_MAX; i++)
		o->flows[i].used = false;
	for (i = 0; i < RUN_OWN_BUCKETS; i++)
		o->heads[i] = NONE;
}

static int *head_of(struct run_own *o, const struct flow *f)
{
	return &o->heads[f->client.port % RUN_OWN_BUCKETS];
}

static void take_out(struct run_own *o, int index)
{
	int *link = head_of(o, &o->flows[index].flow);

	while (*link != index)
		link = &o->flows[*link].next;
	*link = o->flows[index].next;
	o->flows[index].used = false;
}

static int find(struct run_own *o, const struct flow *f)
{
	int i;

	for (i = *head_of(o, f); i != NONE; i = o->flows[i].next)
		if (endpoint_equal(&o->flows[i].flow.client, &f->client) &&
		    endpoint_equal(&o->flows[i].flow.server, &f->server))
			return i;
	return NONE;
}

void run_own_add(struct run_own *o, const struct flow *f, uint32_t isn)
{
	int index = (int)(o->n++ % RUN_OWN_MAX), *head = head_of(o, f);

	if (o->flows[index].used)
		take_out(o, index);
	o->flows[index] = (struct run_own_flow){ *f, isn, *head, true };
	*head = index;
}

static bool has_segment(struct run_own *o, const struct event_segment *g)
{
	const struct flow sent = { g->src, g->dst }, received = { g->dst, g->src };
	int i = find(o, &sent);

	if (i == NONE)
		return find(o, &received) != NONE;
	if ((g->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN || g->seq == o->flows[i].isn)
		return true;
	take_out(o, i);
	return false;
}

bool run_own_has(struct run_own *o, const struct event *ev)
{
	if (ev->kind == EVENT_SEGMENT)
		return has_segment(o, &ev->segment);
	return ev->kind == EVENT_ICMP && find(o, &ev->icmp.flow) != NONE;
}
