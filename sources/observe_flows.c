/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/observe_flows.h"

#include <string.h>

#define NONE (-1)

void flows_init(struct observe *ob)
{
	int i;

	for (i = 0; i < FLOW_BUCKETS; i++)
		ob->heads[i] = NONE;
}

static int *head_of(struct observe *ob, const struct flow *f)
{
	return &ob->heads[f->client.port % FLOW_BUCKETS];
}

static bool matches(const struct known *k, const struct flow *f)
{
	return k->flow.client.port == f->client.port && endpoint_equal(&k->flow.server, &f->server) &&
	       (addr_equal(&k->flow.client.addr, &f->client.addr) || addr_is_any(&k->flow.client.addr));
}

static void unlink_known(struct observe *ob, struct known *k)
{
	int index = (int)(k - ob->flows), *link;

	for (link = head_of(ob, &k->flow); *link != NONE; link = &ob->flows[*link].next)
		if (*link == index) {
			*link = k->next;
			return;
		}
}

/* A place: a new one, or that of the socket which is over for the longest time. */
static struct known *take_place(struct observe *ob)
{
	struct known *best = NULL;
	int i;

	if (ob->n_flows < FLOWS_MAX)
		return &ob->flows[ob->n_flows++];
	for (i = 0; i < FLOWS_MAX; i++) {
		struct known *k = &ob->flows[i];

		if (k->state == KNOWN_OVER && (!best || k->gone_ns < best->gone_ns))
			best = k;
	}
	if (best)
		unlink_known(ob, best);
	return best;
}

struct known *flows_add(struct observe *ob, const struct flow *f, bool watched)
{
	struct known *k = take_place(ob);
	int *head = head_of(ob, f);

	if (!k) {
		ob->no_room++;
		return NULL;
	}
	*k = (struct known){ .state = KNOWN_FRESH,
			     .watched = watched,
			     .flow = *f,
			     .born_ns = observe_now(ob),
			     .before = ob->now,
			     .next = *head };
	*head = (int)(k - ob->flows);
	return k;
}

static struct known *next_of(struct observe *ob, const struct flow *f, int i)
{
	for (; i != NONE; i = ob->flows[i].next)
		if (matches(&ob->flows[i], f))
			return &ob->flows[i];
	return NULL;
}

struct known *flows_find(struct observe *ob, const struct flow *f)
{
	return next_of(ob, f, *head_of(ob, f));
}

static bool is_open(const struct known *k)
{
	return k->state == KNOWN_FRESH || k->state == KNOWN_LISTED;
}

bool flows_younger(struct observe *ob, const struct known *k)
{
	struct known *other;

	for (other = flows_find(ob, &k->flow); k->has_isn && other && other != k;
	     other = next_of(ob, &k->flow, other->next))
		if (other->has_isn && other->isn != k->isn)
			return true;
	return false;
}

struct known *flows_of_isn(struct observe *ob, const struct flow *f, uint32_t isn)
{
	struct known *k;

	for (k = flows_find(ob, f); k; k = next_of(ob, f, k->next))
		if (k->has_isn && k->isn == isn)
			return k;
	return NULL;
}

struct known *flows_of_syn(struct observe *ob, const struct flow *f, uint32_t isn)
{
	struct known *k, *without = NULL;

	for (k = flows_find(ob, f); k; k = next_of(ob, f, k->next)) {
		if (k->has_isn && k->isn == isn)
			return is_open(k) ? k : NULL;
		if (!without && !k->has_isn && is_open(k))
			without = k;
	}
	if (!without && ob->o.own_only)
		return NULL;
	if (!without)
		without = flows_add(ob, f, observe_watches(ob, &f->server));
	if (!without)
		return NULL;
	without->flow.client.addr = f->client.addr;
	without->has_isn = true;
	without->isn = isn;
	return without;
}

struct known *flows_of_cookie(struct observe *ob, const struct event_state *s)
{
	int i;

	for (i = *head_of(ob, &s->flow); i != NONE; i = ob->flows[i].next)
		if (ob->flows[i].cookie && ob->flows[i].cookie == s->cookie)
			return &ob->flows[i];
	return NULL;
}

/* Entries that a socket may be meant by. */
struct candidates {
	struct known *same;   /* it has the socket's cookie */
	struct known *fresh;  /* the youngest of those which have none yet, and are younger than that */
	struct known *former; /* one before that, of another SYN, which is not known to be gone */
};

static void find_candidates(struct observe *ob, const struct event_state *s, struct candidates *c)
{
	struct known *k;

	*c = (struct candidates){ 0 };
	for (k = flows_find(ob, &s->flow); k && !c->same; k = next_of(ob, &s->flow, k->next)) {
		bool fresh = !k->cookie && k->state == KNOWN_FRESH;

		if (k->cookie && k->cookie == s->cookie)
			c->same = k;
		if (c->fresh && !c->former && k->has_isn && (fresh || (c->same && is_open(k))))
			c->former = k;
		if (fresh && !c->fresh)
			c->fresh = k;
	}
}

struct known *flows_of_socket(struct observe *ob, const struct event_state *s)
{
	struct candidates c;

	find_candidates(ob, s, &c);
	/* it may have been taken back, and connect anew by another SYN */
	if (c.same && !(c.fresh && c.fresh->has_isn && c.same->has_isn))
		return c.same;
	if (c.former && c.fresh->has_isn)
		return NULL;
	if (!c.fresh && ob->o.own_only)
		return NULL; /* another's, who has the port now */
	if (!c.fresh)
		c.fresh = flows_add(ob, &s->flow, observe_watches(ob, &s->flow.server));
	if (!c.fresh)
		return NULL;
	c.fresh->flow.client.addr = s->flow.client.addr;
	c.fresh->cookie = s->cookie;
	return c.fresh;
}
