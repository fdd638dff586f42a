/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/neighbour.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "sources/namespaces.h"
#include "sources/route.h"
#include "sources/rtask.h"

struct search {
	const struct endpoint *server;
	struct neighbour *ret;
	uint16_t state; /* NUD_... */
	bool found;
};

static void take_state(const struct nlget *m, void *user)
{
	struct bytes b = m->payload;
	struct search *k = user;
	struct ndmsg is;

	if (m->type == RTM_NEWNEIGH && bytes_copy(&b, &is, sizeof(is)))
		k->state = is.ndm_state;
}

static int ask(const struct route_hop *hop, struct search *k)
{
	const bool six = hop->addr.family == 6;
	const struct ndmsg which = { .ndm_family = six ? AF_INET6 : AF_INET, .ndm_ifindex = (int)hop->ifindex };
	struct nlput m = { 0 };
	int r;

	nlput_begin(&m, RTM_GETNEIGH, NLM_F_REQUEST, 1, &which, sizeof(which));
	nlput_attr(&m, NDA_DST, hop->addr.b, six ? 16 : 4);
	nlput_end(&m);
	r = rtask_message(NETLINK_ROUTE, &m, false, take_state, k);
	buf_fini(&m.b);
	return r;
}

static int look(void *arg)
{
	struct search *k = arg;
	struct route_hop hop;

	if (route_hop(k->server, &hop) || ask(&hop, k) || !(k->state & (NUD_FAILED | NUD_INCOMPLETE)))
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
