/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  The packet is followed from one namespace to the next:
 * a namespace whose own the address is has been reached; else its route names a
 * device, and the other end of a pair of devices is in the next one
 * (IFLA_LINK_NETNSID, a number that each namespace has for others; RTM_GETNSID
 * tells it for a descriptor).  Behind a bridge are all those to whose devices its
 * ports are the other ends.
 */
#include "sources/reach.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sources/links.h"
#include "sources/namespaces.h"
#include "sources/route.h"
#include "sources/rtask.h"

#define HOPS_MAX 8
#define BELOW_MAX 4 /* devices upon devices */
#define PORTS_MAX 1024

struct hop {
	struct namespaces *n;
	const struct endpoint *server;
	uint32_t netns;	 /* where it is; 0: here */
	uint32_t device; /* by which it came; 0: it begins here */
	bool found, goes_on;
};

static void take_link(const struct link_seen *l, void *user)
{
	*(struct link_seen *)user = *l;
}

/* Of this thread's namespace. */
static bool link_of(uint32_t ifindex, struct link_seen *ret)
{
	*ret = (struct link_seen){ 0 };
	return ifindex && !links_get(ifindex, take_link, ret) && ret->ifindex == ifindex;
}

static bool is_pair(const struct link_seen *l)
{
	return l->link && (!strcmp(l->kind, "veth") || !strcmp(l->kind, "netkit"));
}

struct number {
	int32_t wanted, got;
	uint32_t netns;
	bool found;
};

static void take_number(const struct nlget *m, void *user)
{
	struct bytes b = m->payload, value;
	struct number *k = user;
	uint32_t number;
	uint16_t type;

	if (m->type != RTM_NEWNSID || !bytes_skip(&b, NLMSG_ALIGN(sizeof(struct rtgenmsg))))
		return;
	while (nlget_attr(&b, &type, &value))
		if (type == NETNSA_NSID && bytes_u32(&value, false, &number))
			k->got = (int32_t)number;
}

static bool has_number(int fd, uint32_t inode, void *user)
{
	const struct rtgenmsg any = { .rtgen_family = AF_UNSPEC };
	const uint32_t of = (uint32_t)fd;
	struct number *k = user;
	struct nlput m = { 0 };

	k->got = NETNSA_NSID_NOT_ASSIGNED;
	nlput_begin(&m, RTM_GETNSID, NLM_F_REQUEST, 1, &any, sizeof(any));
	nlput_attr(&m, NETNSA_FD, &of, sizeof(of));
	nlput_end(&m);
	k->found = !rtask_message(NETLINK_ROUTE, &m, false, take_number, k) && k->got == k->wanted;
	buf_fini(&m.b);
	k->netns = inode;
	return k->found;
}

/* The one in which the other end of a pair is. */
static bool other_end(struct hop *h, const struct link_seen *l, uint32_t *ret_netns)
{
	struct number k = { .wanted = l->netnsid };

	*ret_netns = h->netns;
	if (!l->has_netnsid)
		return true;
	namespaces_each(h->n, has_number, &k);
	*ret_netns = k.netns;
	return k.found;
}

struct ports {
	uint32_t bridge, but;
	int n;
	struct link_seen v[PORTS_MAX];
};

static void take_port(const struct link_seen *l, void *user)
{
	struct ports *p = user;

	if (l->master != p->bridge || l->ifindex == p->but || !is_pair(l) || !l->has_netnsid)
		return;
	if (p->n < PORTS_MAX)
		p->v[p->n] = *l;
	p->n++;
}

static int is_local(void *arg)
{
	return route_is_local(arg);
}

static int count_behind(struct hop *h, struct ports *p)
{
	struct addr address = h->server->addr;
	uint32_t netns, found = 0;
	int i, n = 0;

	if (links_dump(take_port, p) || p->n > PORTS_MAX)
		return -1;
	for (i = 0; i < p->n; i++) {
		if (!other_end(h, &p->v[i], &netns) || netns == found ||
		    namespaces_call(h->n, netns, is_local, &address, NULL) != 1)
			continue;
		found = netns;
		n++;
	}
	if (n == 1)
		h->netns = found;
	return n;
}

/* How many have the address behind the other ports; 1: it is h->netns; below 0: not known. */
static int behind_bridge(struct hop *h, uint32_t bridge)
{
	struct ports *p = calloc(1, sizeof(*p));
	int n = -1;

	if (p) {
		p->bridge = bridge;
		p->but = h->device;
		n = count_behind(h, p);
	}
	free(p);
	return n;
}

/* By the route of this namespace. */
static void route_on(struct hop *h)
{
	char device[IF_NAMESIZE];
	struct link_seen l;
	uint32_t netns;
	int i = 0;

	if (route_device(h->server, device) || !link_of(if_nametoindex(device), &l))
		return;
	while (i++ < BELOW_MAX && !strcmp(l.kind, "vlan") && !l.has_netnsid)
		if (!link_of(l.link, &l))
			return;
	if (!strcmp(l.kind, "bridge")) {
		h->device = 0;
		h->found = behind_bridge(h, l.ifindex) == 1;
	} else if (is_pair(&l) && other_end(h, &l, &netns)) {
		h->netns = netns;
		h->device = l.link;
		h->goes_on = true;
	}
}

static int one_hop(void *arg)
{
	struct hop *h = arg;
	struct link_seen l, master;
	int n = 0;

	h->goes_on = false;
	h->found = route_is_local(&h->server->addr);
	if (h->found)
		return 0;
	if (link_of(h->device, &l) && l.master) {
		if (!link_of(l.master, &master) || strcmp(master.kind, "bridge"))
			return 0;
		n = behind_bridge(h, l.master);
		h->found = n == 1;
	}
	if (!n)
		route_on(h);
	return 0;
}

bool reach_find(struct namespaces *n, uint32_t netns, const struct endpoint *server, uint32_t *ret_netns)
{
	struct hop h = { .n = n, .server = server, .netns = netns };
	int hops = 0;

	do {
		if (namespaces_call(n, h.netns, one_hop, &h, NULL))
			return false;
	} while (h.goes_on && ++hops < HOPS_MAX);
	if (h.found)
		*ret_netns = h.netns;
	return h.found;
}
