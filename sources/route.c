/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "sources/addresses.h"
#include "sources/rtask.h"

/* Policy rules may ask for the protocol and the port (Linux 4.18). */
static void question(const struct endpoint *dst, uint32_t vrf, struct nlput *m)
{
	const size_t len = dst->addr.family == 6 ? 16 : 4;
	const struct rtmsg route = { .rtm_family = dst->addr.family == 6 ? AF_INET6 : AF_INET,
				     .rtm_dst_len = (unsigned char)(8 * len) };
	const uint16_t port_be = htons(dst->port);
	const uint8_t tcp = IPPROTO_TCP;

	nlput_begin(m, RTM_GETROUTE, NLM_F_REQUEST, 1, &route, sizeof(route));
	nlput_attr(m, RTA_DST, dst->addr.b, len);
	if (vrf)
		nlput_attr(m, RTA_OIF, &vrf, sizeof(vrf));
	if (dst->port) {
		nlput_attr(m, RTA_IP_PROTO, &tcp, sizeof(tcp));
		nlput_attr(m, RTA_DPORT, &port_be, sizeof(port_be));
	}
	nlput_end(m);
}

struct found {
	bool route;
	uint8_t kind; /* RTN_... */
	uint32_t oif; /* 0: it has none */
	bool has_gateway, has_source;
	struct addr gateway;
};

static bool take_address(struct bytes value, uint8_t family, struct addr *ret)
{
	const size_t len = family == AF_INET6 ? 16 : 4;

	*ret = (struct addr){ .family = family == AF_INET6 ? 6 : 4 };
	return value.len == len && bytes_copy(&value, ret->b, len);
}

/* A gateway of the other family: IPv4 by IPv6 (struct rtvia, Linux 5.2). */
static bool take_via(struct bytes value, struct addr *ret)
{
	uint16_t family;

	return bytes_u16(&value, false, &family) && take_address(value, (uint8_t)family, ret);
}

static void take_route(const struct nlget *m, void *user)
{
	struct bytes b = m->payload, value;
	struct found *f = user;
	struct rtmsg route;
	uint16_t type;

	if (m->type != RTM_NEWROUTE || !bytes_copy(&b, &route, sizeof(route)))
		return;
	f->route = true;
	f->kind = route.rtm_type;
	while (nlget_attr(&b, &type, &value)) {
		if (type == RTA_OIF)
			bytes_u32(&value, false, &f->oif);
		else if (type == RTA_GATEWAY)
			f->has_gateway = take_address(value, route.rtm_family, &f->gateway);
		else if (type == RTA_PREFSRC)
			f->has_source = true;
		else if (type == RTA_VIA)
			f->has_gateway = take_via(value, &f->gateway);
	}
}

static int ask(const struct endpoint *dst, uint32_t vrf, struct found *f)
{
	struct nlput m = { 0 };
	int r;

	question(dst, vrf, &m);
	r = rtask_message(NETLINK_ROUTE, &m, false, take_route, f);
	buf_fini(&m.b);
	return !r && !f->route ? -EBADMSG : r;
}

static bool is_of_kind(const struct addr *a, uint8_t kind)
{
	const struct endpoint at = { .addr = *a };
	struct found f = { 0 };

	return !ask(&at, 0, &f) && f.kind == kind;
}

bool route_is_local(const struct addr *a)
{
	return is_of_kind(a, RTN_LOCAL);
}

/* IPv6 answers with a route that refuses, IPv4 with its error. */
static int error_of_kind(uint8_t kind)
{
	switch (kind) {
	case RTN_BLACKHOLE:
		return EINVAL;
	case RTN_PROHIBIT:
		return EACCES;
	case RTN_UNREACHABLE:
		return EHOSTUNREACH;
	case RTN_THROW:
	case RTN_BROADCAST:
	case RTN_MULTICAST:
		return ENETUNREACH;
	default:
		return 0;
	}
}

/* IPv6 answers without a source address where it finds none for connect() (net/ipv6/route.c rt6_fill_node()). */
static int error_of(const struct endpoint *dst, const struct found *f)
{
	const int error = error_of_kind(f->kind);

	return !error && dst->addr.family == 6 && !f->has_source ? EADDRNOTAVAIL : error;
}

static bool is_refusal(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES || error == EINVAL;
}

int route_ask(const struct endpoint *dst, struct route_answer *ret)
{
	struct found f = { 0 };
	int r = ask(dst, 0, &f);

	if (r && !is_refusal(-r))
		return r;
	*ret = (struct route_answer){ .error = r ? -r : error_of(dst, &f), .broadcast = !r && f.kind == RTN_BROADCAST };
	/* It looks for a source before it heeds what the route says (net/ipv6/ip6_output.c ip6_dst_lookup_tail()). */
	if (ret->error && ret->error != EADDRNOTAVAIL && dst->addr.family == 6 && addresses_lack_ipv6()) {
		ret->error = EADDRNOTAVAIL;
		ret->no_ipv6 = true;
	}
	return 0;
}

int route_device(const struct endpoint *dst, char ret[IF_NAMESIZE])
{
	struct found f = { 0 };
	int r = ask(dst, 0, &f);

	if (r)
		return r;
	return f.oif && if_indextoname(f.oif, ret) ? 0 : -ENODEV;
}

int route_hop(const struct endpoint *dst, uint32_t vrf, struct route_hop *ret)
{
	struct found f = { 0 };
	int r = ask(dst, vrf, &f);

	if (r)
		return r;
	*ret = (struct route_hop){ .addr = f.has_gateway ? f.gateway : dst->addr, .ifindex = f.oif };
	return f.oif ? 0 : -ENODEV;
}
