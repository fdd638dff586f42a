/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nat_heard.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "core/flow_hash.h"

#define WAYS 16	   /* places where one may be */
#define HOPS_MAX 8 /* network namespaces on its way */

struct heard {
	struct conntrack_entry e;
	int64_t at_ns; /* 0: none */
	uint32_t netns;
};

struct nat_heard {
	uint64_t seed;
	struct heard heard[NAT_HEARD_MAX];
};

struct nat_heard *nat_heard_new(uint64_t seed)
{
	struct nat_heard *h = calloc(1, sizeof(*h));

	if (h)
		h->seed = seed;
	return h;
}

void nat_heard_free(struct nat_heard *h)
{
	free(h);
}

static uint64_t hash_end(uint64_t seed, const struct endpoint *e)
{
	return e->addr.family == 6 ? flow_hash_end6(seed, e->addr.b, htons(e->port))
				   : flow_hash_end4(seed, e->addr.b, htons(e->port));
}

static uint32_t set_of(const struct nat_heard *h, const struct flow *f)
{
	return flow_hash(hash_end(h->seed, &f->client), hash_end(h->seed, &f->server)) % (NAT_HEARD_MAX / WAYS) * WAYS;
}

static bool flow_equal(const struct flow *a, const struct flow *b)
{
	return endpoint_equal(&a->client, &b->client) && endpoint_equal(&a->server, &b->server);
}

bool nat_heard_put(struct nat_heard *h, const struct conntrack_entry *e, uint32_t netns, int64_t now_ns)
{
	struct heard *set = &h->heard[set_of(h, &e->came)], *to = set;
	bool room;
	int i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].at_ns && set[i].netns == netns && flow_equal(&set[i].e.came, &e->came)) {
			to = &set[i];
			break;
		}
		if (set[i].at_ns < to->at_ns)
			to = &set[i];
	}
	room = i < WAYS || !to->at_ns || now_ns - to->at_ns >= NAT_HEARD_NEEDED_NS;
	*to = (struct heard){ .e = *e, .at_ns = now_ns, .netns = netns };
	return room;
}

static bool was_there(const struct heard *const *way, int n, uint32_t netns)
{
	int i;

	for (i = 0; i < n; i++)
		if (way[i]->netns == netns)
			return true;
	return false;
}

/* The next on its way: its own network namespace comes first, and none comes twice. */
static const struct heard *next(const struct nat_heard *h, const struct flow *f, uint32_t own, int64_t since_ns,
				const struct heard *const *way, int n)
{
	const struct heard *set = &h->heard[set_of(h, f)], *found = NULL;
	int i;

	for (i = 0; i < WAYS; i++) {
		const struct heard *at = &set[i];

		if (!at->at_ns || at->at_ns < since_ns || !flow_equal(&at->e.came, f) || was_there(way, n, at->netns))
			continue;
		if (!found || at->netns == own || (found->netns != own && at->at_ns > found->at_ns))
			found = at;
	}
	return found;
}

void nat_heard_follow(const struct nat_heard *h, const struct flow *f, uint32_t own, bool leaves_own, int64_t since_ns,
		      struct nat_heard_way *ret)
{
	const struct heard *way[HOPS_MAX], *at;
	int n = 0;

	*ret = (struct nat_heard_way){ .goes = *f };
	while (n < HOPS_MAX && (at = next(h, &ret->goes, own, since_ns, way, n))) {
		if (at->netns != own && !leaves_own)
			break;
		way[n++] = at;
		if (!endpoint_equal(&ret->goes.server, &at->e.goes.server))
			ret->by = at->netns;
		ret->goes = at->e.goes;
	}
	if (endpoint_equal(&ret->goes.server, &f->server))
		ret->by = 0;
}
