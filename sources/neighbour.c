/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/neighbour.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "sources/namespaces.h"
#include "sources/route.h"
#include "sources/rtask.h"

struct search {
	const struct endpoint *server;
	struct neighbour *ret;
	bool found;
};

struct entry {
	uint16_t state; /* NUD_... */
	bool has_mac;
	uint8_t mac[6];
};

static void take(const struct nlget *m, void *user)
{
	struct bytes b = m->payload, value;
	struct entry *e = user;
	struct ndmsg is;
	uint16_t type;

	if (m->type != RTM_NEWNEIGH || !bytes_copy(&b, &is, sizeof(is)))
		return;
	e->state = is.ndm_state;
	while (nlget_attr(&b, &type, &value))
		if (type == NDA_LLADDR)
			e->has_mac = value.len == sizeof(e->mac) && bytes_copy(&value, e->mac, sizeof(e->mac));
}

static int ask(const struct addr *a, uint32_t ifindex, struct entry *e)
{
	const bool six = a->family == 6;
	const struct ndmsg which = { .ndm_family = six ? AF_INET6 : AF_INET, .ndm_ifindex = (int)ifindex };
	struct nlput m = { 0 };
	int r;

	nlput_begin(&m, RTM_GETNEIGH, NLM_F_REQUEST, 1, &which, sizeof(which));
	nlput_attr(&m, NDA_DST, a->b, six ? 16 : 4);
	nlput_end(&m);
	r = rtask_message(NETLINK_ROUTE, &m, false, take, e);
	buf_fini(&m.b);
	return r;
}

static int look(void *arg)
{
	struct search *k = arg;
	struct entry entry = { 0 };
	struct route_hop hop;

	if (route_hop(k->server, 0, &hop) || ask(&hop.addr, hop.ifindex, &entry) ||
	    !(entry.state & (NUD_FAILED | NUD_INCOMPLETE)))
		return 0;
	k->ret->addr = hop.addr;
	k->found = if_indextoname(hop.ifindex, k->ret->device);
	return 0;
}

bool neighbour_is_silent(struct namespaces *n, uint32_t netns, const struct endpoint *server, struct neighbour *ret)
{
	struct search k = { .server = server, .ret = ret };

	namespaces_call(n, netns, look, &k, NULL);
	return k.found;
}

bool neighbour_mac(const struct addr *a, uint32_t ifindex, uint8_t ret[6])
{
	struct entry e = { 0 };

	if (ask(a, ifindex, &e) || !e.has_mac || e.state & (NUD_FAILED | NUD_INCOMPLETE))
		return false;
	memcpy(ret, e.mac, sizeof(e.mac));
	return true;
}
