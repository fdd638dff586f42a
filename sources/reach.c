/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  The packet is followed from one namespace to the next: a namespace whose own the address is has
 * been reached, as its NAT makes it; else its route names a device and a next hop, and of the namespaces that a frame
 * by that device comes to (sources/segment.h) the one that has the next hop's address is the next.  Where several have
 * it, it is the one whose device has the next hop's address of Ethernet.  Where none has it, and there is but one to
 * come to, it answers for others (proxy ARP).
 */
#include "sources/reach.h"

#include <stdlib.h>
#include <string.h>

#include "sources/addresses.h"
#include "sources/conntrack.h"
#include "sources/namespaces.h"
#include "sources/neighbour.h"
#include "sources/netns.h"
#include "sources/route.h"
#include "sources/routerules.h"
#include "sources/segment.h"

#define HOPS_MAX 9 /* the client's and the server's among them */

struct way {
	const struct linkmap *m;
	struct flow flow; /* as it has come; without a client where only an address is looked for */
	uint32_t been[HOPS_MAX];
	int hops;
	bool no_route; /* of the last of them */
	int left;      /* the device by which it is lost sight of; -1: by none */
	struct reach ends;
};

struct question {
	const struct addr *a;
	bool has_vrf;
	bool is; /* its own */
	uint32_t device;
};

static int ask_own(void *arg)
{
	struct question *q = arg;

	if (q->has_vrf)
		q->device = addresses_device(q->a);
	q->is = q->device || route_is_local(q->a);
	return 0;
}

static bool has_vrf(const struct linkmap *m, uint32_t netns)
{
	int i;

	for (i = 0; i < m->n; i++)
		if (m->v[i].netns == netns && !strcmp(m->v[i].is.kind, "vrf"))
			return true;
	return false;
}

static uint32_t vrf_of(const struct linkmap *m, uint32_t netns, uint32_t device)
{
	int i = device ? linkmap_find(m, netns, device) : -1, master;

	if (i < 0)
		return 0;
	if (!strcmp(m->v[i].is.kind, "vrf"))
		return device;
	master = m->v[i].is.master ? linkmap_find(m, netns, m->v[i].is.master) : -1;
	return master >= 0 && !strcmp(m->v[master].is.kind, "vrf") ? m->v[i].is.master : 0;
}

static struct question ask_of(const struct linkmap *m, uint32_t netns, const struct addr *a)
{
	struct question q = { .a = a, .has_vrf = has_vrf(m, netns) };

	namespaces_call(m->namespaces, netns, ask_own, &q, NULL);
	return q;
}

static bool is_own(const struct linkmap *m, uint32_t netns, const struct addr *a)
{
	return ask_of(m, netns, a).is;
}

/* Of the device which has the address, in a namespace that it did not come to by another. */
static uint32_t own_vrf(const struct linkmap *m, uint32_t netns, const struct addr *a)
{
	return vrf_of(m, netns, ask_of(m, netns, a).device);
}

struct hop {
	const struct endpoint *to;
	uint32_t vrf;
	struct route_hop next;
	bool is, has_mac, by_more;
	uint8_t mac[6];
};

static int ask_hop(void *arg)
{
	struct hop *h = arg;

	h->is = !route_hop(h->to, h->vrf, &h->next);
	h->has_mac = h->is && neighbour_mac(&h->next.addr, h->next.ifindex, h->mac);
	h->by_more = routerules_ask_more(h->to->addr.family);
	return 0;
}

struct next {
	struct reach owners; /* of the next hop's address */
	int with_mac;	     /* of them, those that come first */
	struct reach_place only;
	int others; /* namespaces that a frame comes to */
	bool by_proxy;
};

static void add(struct reach *r, const struct reach_place *p, bool first)
{
	if (r->n < REACH_MAX) {
		r->v[r->n] = *p;
		if (first && r->n)
			r->v[r->n] = r->v[0];
		if (first)
			r->v[0] = *p;
	}
	r->n++;
}

static bool has_mac(const struct linkmap *m, const struct segment *s, uint32_t netns, const uint8_t mac[6])
{
	int i;

	for (i = 0; i < s->n; i++) {
		const struct linkmap_device *d = &m->v[s->v[i]];

		if (d->netns == netns && d->is.has_mac && !memcmp(d->is.mac, mac, sizeof(d->is.mac)))
			return true;
	}
	return false;
}

static bool is_first_of_its_namespace(const struct linkmap *m, const struct segment *s, int i)
{
	int k;

	for (k = 0; k < i; k++)
		if (m->v[s->v[k]].netns == m->v[s->v[i]].netns)
			return false;
	return true;
}

static void look_at_ends(const struct linkmap *m, const struct segment *s, uint32_t from, const struct hop *h,
			 struct next *ret)
{
	struct reach_place p;
	bool fits;
	int i;

	for (i = 0; i < s->n; i++) {
		const struct linkmap_device *d = &m->v[s->v[i]];

		p = (struct reach_place){ .netns = d->netns,
					  .device = d->is.ifindex,
					  .vrf = vrf_of(m, d->netns, d->is.ifindex) };
		if (p.netns == from || !is_first_of_its_namespace(m, s, i))
			continue;
		ret->others++;
		ret->only = p;
		if (!is_own(m, p.netns, &h->next.addr))
			continue;
		fits = h->has_mac && has_mac(m, s, p.netns, h->mac);
		add(&ret->owners, &p, fits);
		ret->with_mac += fits;
	}
}

/* Which of them is the next. */
static void choose(const struct hop *h, const struct segment *s, struct next *k, bool *sure)
{
	if (k->owners.n > 1 && k->with_mac)
		k->owners.n = k->with_mac;
	k->by_proxy = !k->owners.n && k->others == 1 && s->left < 0;
	if (k->by_proxy)
		add(&k->owners, &k->only, false);
	else if (h->has_mac && !k->with_mac)
		*sure = false; /* another one answers for it */
	*sure &= !s->unsure;
}

/* True: it goes on from *at, which is another one. */
static bool go(struct way *w, struct reach_place *at)
{
	struct hop h = { .to = &w->flow.server, .vrf = at->vrf };
	struct segment *s = calloc(1, sizeof(*s));
	struct next k = { 0 };
	int device;

	if (!s)
		return false;
	namespaces_call(w->m->namespaces, at->netns, ask_hop, &h, NULL);
	device = h.is ? linkmap_find(w->m, at->netns, h.next.ifindex) : -1;
	w->no_route = device < 0;
	w->ends.sure &= !h.by_more;
	if (device >= 0) {
		segment_find(w->m, device, s);
		look_at_ends(w->m, s, at->netns, &h, &k);
		choose(&h, s, &k, &w->ends.sure);
		w->left = k.owners.n ? -1 : s->left;
	}
	if (s->too_many || k.owners.n > REACH_MAX)
		k.owners.n = 0;
	free(s);
	if (!k.by_proxy && k.owners.n != 1 && addr_equal(&h.next.addr, &w->flow.server.addr)) {
		memcpy(w->ends.v, k.owners.v, sizeof(w->ends.v));
		w->ends.n = k.owners.n;
		return false;
	}
	*at = k.owners.v[0];
	return k.owners.n == 1;
}

/* As it goes on from there; the client's own namespace has done its part already. */
static void translate(struct way *w, uint32_t netns)
{
	struct flow as;

	if (w->hops > 1 && w->flow.client.addr.family && conntrack_find(w->m->namespaces, netns, &w->flow, &as))
		w->flow = as;
}

static void follow(struct way *w, struct reach_place at)
{
	w->left = -1;
	w->ends.sure = true;
	do {
		if (w->hops == HOPS_MAX)
			return;
		w->been[w->hops++] = at.netns;
		translate(w, at.netns);
		if (is_own(w->m, at.netns, &w->flow.server.addr)) {
			add(&w->ends, &at, false);
			return;
		}
	} while (go(w, &at));
}

static bool has_been(const struct way *w, uint32_t netns)
{
	int i;

	for (i = 0; i < w->hops; i++)
		if (w->been[i] == netns)
			return true;
	return false;
}

/* Is the way from there to the client the same one, from its other end? */
static bool comes_back(const struct way *w, const struct endpoint *client, const struct reach_place *from)
{
	struct way back = { .m = w->m, .flow.server = *client };
	int i;

	follow(&back, *from);
	if (back.left >= 0 && w->left >= 0)
		return back.left != w->left && !strcmp(w->m->v[back.left].is.kind, w->m->v[w->left].is.kind);
	for (i = 0; w->no_route && i < back.ends.n; i++)
		if (back.ends.v[i].netns == w->been[0])
			return true;
	return false;
}

/* Those from which it would come back. */
static void guess(struct way *w, const struct endpoint *client)
{
	const struct linkmap *m = w->m;
	int i;

	w->ends.sure = false;
	for (i = 0; i < m->n; i++) {
		struct reach_place p = { .netns = m->v[i].netns };

		if ((i && m->v[i - 1].netns == p.netns) || has_been(w, p.netns) ||
		    !is_own(m, p.netns, &w->flow.server.addr))
			continue;
		p.vrf = own_vrf(m, p.netns, &w->flow.server.addr);
		if (comes_back(w, client, &p))
			add(&w->ends, &p, false);
	}
	if (w->ends.n > REACH_MAX)
		w->ends.n = REACH_MAX;
}

/* A device of hardware leads out of this host. */
static bool is_lost_sight_of(const struct way *w)
{
	return w->left >= 0 ? w->m->v[w->left].is.kind[0] : w->no_route;
}

void reach_find(struct namespaces *n, uint32_t netns, const struct flow *f, struct reach *ret)
{
	struct reach_place from = { .netns = netns ? netns : netns_own() };
	struct linkmap *m = linkmap_new(n);
	struct way w = { .m = m, .flow = *f };

	*ret = (struct reach){ 0 };
	if (!m)
		return;
	if (f->client.addr.family)
		from.vrf = own_vrf(m, from.netns, &f->client.addr);
	follow(&w, from);
	if (!w.ends.n && f->client.addr.family && is_lost_sight_of(&w))
		guess(&w, &w.flow.client);
	*ret = w.ends;
	ret->server = w.flow.server;
	linkmap_free(m);
}
