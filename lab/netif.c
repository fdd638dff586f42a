/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/netif.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/rtnl.h"
#include "util/clock.h"
#include "util/duration.h"

unsigned int if_nametoindex(const char *name); /* <net/if.h> and <linux/if.h> define the same structs */

static size_t addr_len(const struct addr *a)
{
	return a->family == 6 ? 16 : 4;
}

static uint8_t addr_af(const struct addr *a)
{
	return a->family == 6 ? AF_INET6 : AF_INET;
}

static int index_of(const char *name, int *ret, struct err *e)
{
	unsigned int i = if_nametoindex(name);

	if (!i)
		return err_sys(e, errno, "interface %s", name);
	*ret = (int)i;
	return 0;
}

int netif_up(const char *name, struct err *e)
{
	struct ifinfomsg link = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct rtnl q;
	int r = index_of(name, &link.ifi_index, e);

	if (r)
		return r;
	rtnl_init(&q, RTM_NEWLINK, 0, &link, sizeof(link));
	r = rtnl_run(&q);
	return r ? err_sys(e, -r, "cannot bring interface %s up", name) : 0;
}

/*
 * An IPv6 address gets its local route from a work queue (net/ipv6/addrconf.c
 * addrconf_dad_work()), even without duplicate address detection: before that, a
 * connect() to it fails.
 */
static int wait_until_local(const struct addr *a)
{
	const int64_t deadline_ns = clock_mono_ns() + NS_PER_S;
	const struct rtmsg route = { .rtm_family = addr_af(a), .rtm_dst_len = (uint8_t)(8 * addr_len(a)) };
	struct rtnl q;
	uint8_t type;

	rtnl_init(&q, RTM_GETROUTE, 0, &route, sizeof(route));
	rtnl_attr(&q, RTA_DST, a->b, addr_len(a));
	while (rtnl_ask_route(&q, &type) || type != RTN_LOCAL) {
		if (clock_mono_ns() > deadline_ns)
			return -ETIMEDOUT;
		usleep(200);
	}
	return 0;
}

int netif_addr(const char *name, const struct addr *a, bool add, struct err *e)
{
	struct ifaddrmsg header = { .ifa_family = addr_af(a), .ifa_prefixlen = (uint8_t)(8 * addr_len(a)) };
	char text[ADDR_TEXT_LEN];
	struct rtnl q;
	int index = 0, r;

	r = index_of(name, &index, e);
	if (r)
		return r;
	header.ifa_index = (uint32_t)index;
	rtnl_init(&q, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0, &header, sizeof(header));
	rtnl_attr(&q, IFA_LOCAL, a->b, addr_len(a));
	rtnl_attr(&q, IFA_ADDRESS, a->b, addr_len(a));
	if (add)
		rtnl_attr_u32(&q, IFA_FLAGS, IFA_F_NODAD);
	r = rtnl_run(&q);
	if (add && r == -EEXIST)
		r = 0;
	if (!r && add && a->family == 6)
		r = wait_until_local(a);
	if (!r)
		return 0;
	return err_sys(e, -r, "cannot %s address %s %s interface %s", add ? "add" : "remove", addr_format(a, text),
		       add ? "to" : "from", name);
}

static void end_of_veth(struct rtnl *q, const struct netif_end *end, int gso_max)
{
	rtnl_attr_text(q, IFLA_IFNAME, end->name);
	rtnl_attr(q, IFLA_ADDRESS, end->mac, sizeof(end->mac));
	rtnl_attr_u32(q, IFLA_GSO_MAX_SIZE, (uint32_t)gso_max);
	if (end->netns >= 0)
		rtnl_attr_u32(q, IFLA_NET_NS_FD, (uint32_t)end->netns);
}

int netif_veth(const struct netif_end *a, const struct netif_end *b, int gso_max, struct err *e)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	size_t info, data, peer;
	struct rtnl q;
	int r;

	rtnl_init(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	end_of_veth(&q, a, gso_max);
	info = rtnl_begin(&q, IFLA_LINKINFO);
	rtnl_attr_text(&q, IFLA_INFO_KIND, "veth");
	data = rtnl_begin(&q, IFLA_INFO_DATA);
	peer = rtnl_begin(&q, VETH_INFO_PEER);
	rtnl_raw(&q, &header, sizeof(header));
	end_of_veth(&q, b, gso_max);
	rtnl_end(&q, peer);
	rtnl_end(&q, data);
	rtnl_end(&q, info);
	r = rtnl_run(&q);
	return r ? err_sys(e, -r, "cannot make the link %s to %s (veth)", a->name, b->name) : 0;
}

static uint8_t route_type(enum netif_route type)
{
	switch (type) {
	case ROUTE_PROHIBIT:
		return RTN_PROHIBIT;
	case ROUTE_UNREACHABLE:
		return RTN_UNREACHABLE;
	case ROUTE_LOCAL:
		return RTN_LOCAL;
	case ROUTE_VIA:
		return RTN_UNICAST;
	case ROUTE_BLACKHOLE:
		break;
	}
	return RTN_BLACKHOLE;
}

int netif_path(const struct netif_path *p, struct err *e)
{
	struct rtmsg header = { .rtm_family = addr_af(&p->dst),
				.rtm_dst_len = (uint8_t)(p->any ? 0 : 8 * addr_len(&p->dst)),
				.rtm_table = RT_TABLE_UNSPEC,
				.rtm_protocol = RTPROT_STATIC,
				.rtm_scope = RT_SCOPE_UNIVERSE,
				.rtm_type = route_type(p->type) };
	char text[ADDR_TEXT_LEN];
	struct rtnl q;
	int index = 0, r;

	if (p->type == ROUTE_LOCAL)
		header.rtm_scope = RT_SCOPE_HOST;
	else if (p->type == ROUTE_VIA && !p->via.family)
		header.rtm_scope = RT_SCOPE_LINK;
	if (p->via.family)
		header.rtm_flags = RTNH_F_ONLINK;
	rtnl_init(&q, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	rtnl_attr_u32(&q, RTA_TABLE, p->table ? p->table : RT_TABLE_MAIN);
	if (!p->any)
		rtnl_attr(&q, RTA_DST, p->dst.b, addr_len(&p->dst));
	if (p->via.family)
		rtnl_attr(&q, RTA_GATEWAY, p->via.b, addr_len(&p->via));
	if (p->dev) {
		r = index_of(p->dev, &index, e);
		if (r)
			return r;
		rtnl_attr_u32(&q, RTA_OIF, (uint32_t)index);
	}
	r = rtnl_run(&q);
	return r ? err_sys(e, -r, "cannot add a route for %s", p->any ? "every address" : addr_format(&p->dst, text))
		 : 0;
}

int netif_route_add(const struct addr *dst, enum netif_route type, struct err *e)
{
	const struct netif_path p = { .dst = *dst, .type = type };

	return netif_path(&p, e);
}

int netif_neighbour(const char *name, const struct addr *a, const uint8_t mac[6], struct err *e)
{
	struct ndmsg header = { .ndm_family = addr_af(a), .ndm_state = NUD_PERMANENT };
	char text[ADDR_TEXT_LEN];
	struct rtnl q;
	int r = index_of(name, &header.ndm_ifindex, e);

	if (r)
		return r;
	rtnl_init(&q, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	rtnl_attr(&q, NDA_DST, a->b, addr_len(a));
	rtnl_attr(&q, NDA_LLADDR, mac, 6);
	r = rtnl_run(&q);
	return r ? err_sys(e, -r, "cannot add neighbour %s to %s", addr_format(a, text), name) : 0;
}

int netif_rule(const struct netif_rule *rule, struct err *e)
{
	static const uint8_t actions[] = { [RULE_TABLE] = FR_ACT_TO_TBL,
					   [RULE_NO_ROUTE] = FR_ACT_UNREACHABLE,
					   [RULE_PROHIBIT] = FR_ACT_PROHIBIT,
					   [RULE_BLACKHOLE] = FR_ACT_BLACKHOLE };
	struct fib_rule_hdr header = { .family = rule->family == 6 ? AF_INET6 : AF_INET,
				       .dst_len = (uint8_t)(rule->to.family ? 8 * addr_len(&rule->to) : 0),
				       .action = actions[rule->action] };
	struct fib_rule_port_range ports = { rule->port, rule->port };
	const uint8_t tcp = IPPROTO_TCP;
	struct rtnl q;
	int r;

	rtnl_init(&q, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	rtnl_attr_u32(&q, FRA_PRIORITY, (uint32_t)rule->pref);
	if (rule->action == RULE_TABLE)
		rtnl_attr_u32(&q, FRA_TABLE, rule->table);
	if (rule->to.family)
		rtnl_attr(&q, FRA_DST, rule->to.b, addr_len(&rule->to));
	rtnl_attr(&q, FRA_IP_PROTO, &tcp, sizeof(tcp));
	if (rule->port)
		rtnl_attr(&q, FRA_DPORT_RANGE, &ports, sizeof(ports));
	r = rtnl_run(&q);
	return r ? err_sys(e, -r, "cannot add a policy rule (it needs Linux 4.17 with CONFIG_IP_MULTIPLE_TABLES)") : 0;
}
