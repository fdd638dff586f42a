/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nftrace_group.h"

#include <stdio.h>
#include <string.h>

#define SYN_OR_RST (2 | 4)

/* The youngest first: a packet's messages come one upon another. */
static struct nftrace_passing *find(struct nftrace_group *g, uint32_t id)
{
	unsigned int i;

	for (i = 1; i <= NFTRACE_PASSING_MAX; i++) {
		struct nftrace_passing *p = &g->passing[(g->next - i) % NFTRACE_PASSING_MAX];

		if (p->known && p->id == id)
			return p;
	}
	return NULL;
}

static struct nftrace_passing *remember(struct nftrace_group *g, const struct nftrace_event *ev)
{
	struct nftrace_passing *p = find(g, ev->id);

	if (!p)
		p = &g->passing[g->next++ % NFTRACE_PASSING_MAX];
	p->known = true;
	p->id = ev->id;
	p->has_packet = ev->has_packet;
	p->packet = ev->packet;
	memcpy(p->base, ev->chain, sizeof(p->base));
	return p;
}

static bool is_end(const struct endpoint *wanted, const struct endpoint *have)
{
	return (!wanted->addr.family || addr_equal(&wanted->addr, &have->addr)) &&
	       (!wanted->port || wanted->port == have->port);
}

/* Others may trace too, and other packets. */
static bool wanted(const struct nftrace_group *g, const struct rule_packet *p)
{
	int i;

	if (!(p->flags & SYN_OR_RST))
		return false;
	for (i = 0; i < g->n_ends; i++)
		if (is_end(&g->ends[i], &p->src) || is_end(&g->ends[i], &p->dst))
			return true;
	return !g->n_ends;
}

bool nftrace_group_feed(struct nftrace_group *g, const struct nftrace_event *ev, struct rule_hit *ret,
			const char **ret_base)
{
	struct nftrace_passing *p;

	if (!strcmp(ev->table, g->own))
		return false;
	p = ev->first ? remember(g, ev) : find(g, ev->id);
	if (!ev->drop || (p && (!p->has_packet || !wanted(g, &p->packet))))
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->maker = RULE_NFT;
	ret->packets = 1;
	ret->policy = ev->policy;
	ret->handle = ev->policy ? 0 : ev->handle;
	snprintf(ret->family, sizeof(ret->family), "%s", nftrace_family(ev->family));
	memcpy(ret->table, ev->table, sizeof(ret->table));
	memcpy(ret->chain, ev->chain, sizeof(ret->chain));
	if (p) {
		ret->has_packet = true;
		ret->packet = p->packet;
	}
	*ret_base = p ? p->base : "";
	return true;
}
