/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "sources/nlget.h"

static int port_of(struct bytes value)
{
	uint16_t port;

	return bytes_u16(&value, true, &port) ? port : 0;
}

static bool is_address(struct bytes value, uint8_t family)
{
	return value.len == (family == 6 ? 16 : 4);
}

static void parse_ip(struct bytes b, struct flow *ret)
{
	struct bytes value;
	uint16_t type;

	while (nlget_attr(&b, &type, &value)) {
		const uint8_t family = type == CTA_IP_V6_SRC || type == CTA_IP_V6_DST ? 6 : 4;
		struct addr *to = type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC   ? &ret->client.addr
				  : type == CTA_IP_V4_DST || type == CTA_IP_V6_DST ? &ret->server.addr
										   : NULL;

		if (!to || !is_address(value, family))
			continue;
		*to = (struct addr){ .family = family };
		memcpy(to->b, value.p, value.len);
	}
}

static bool parse_proto(struct bytes b, struct flow *ret)
{
	struct bytes value;
	uint16_t type;
	bool is_tcp = false;

	while (nlget_attr(&b, &type, &value)) {
		if (type == CTA_PROTO_NUM)
			is_tcp = value.len == 1 && value.p[0] == IPPROTO_TCP;
		else if (type == CTA_PROTO_SRC_PORT)
			ret->client.port = (uint16_t)port_of(value);
		else if (type == CTA_PROTO_DST_PORT)
			ret->server.port = (uint16_t)port_of(value);
	}
	return is_tcp;
}

static bool parse_tuple(struct bytes b, struct flow *ret)
{
	struct bytes value;
	uint16_t type;
	bool is_tcp = false;

	while (nlget_attr(&b, &type, &value)) {
		if (type == CTA_TUPLE_IP)
			parse_ip(value, ret);
		else if (type == CTA_TUPLE_PROTO)
			is_tcp = parse_proto(value, ret);
	}
	return is_tcp && ret->client.addr.family && ret->client.addr.family == ret->server.addr.family &&
	       ret->client.port && ret->server.port;
}

bool conntrack_parse(struct bytes payload, struct flow *ret)
{
	struct bytes value;
	struct flow reply = { 0 };
	uint16_t type;

	if (!bytes_skip(&payload, sizeof(struct nfgenmsg)))
		return false;
	while (nlget_attr(&payload, &type, &value)) {
		if (type != CTA_TUPLE_REPLY)
			continue;
		if (!parse_tuple(value, &reply))
			return false;
		ret->client = reply.server;
		ret->server = reply.client;
		return true;
	}
	return false;
}

bool conntrack_parse_entry(struct bytes payload, struct conntrack_entry *ret)
{
	struct bytes at = payload, value;
	struct conntrack_entry e = { 0 };
	uint16_t type;
	bool came = false;

	if (!bytes_skip(&at, sizeof(struct nfgenmsg)))
		return false;
	while (!came && nlget_attr(&at, &type, &value))
		came = type == CTA_TUPLE_ORIG && parse_tuple(value, &e.came);
	if (!came || !conntrack_parse(payload, &e.goes))
		return false;
	*ret = e;
	return true;
}

static void put_ip(struct nlput *m, const struct flow *f)
{
	const bool six = f->server.addr.family == 6;
	const size_t ip = nlput_nest(m, CTA_TUPLE_IP);

	nlput_attr(m, six ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, f->client.addr.b, six ? 16 : 4);
	nlput_attr(m, six ? CTA_IP_V6_DST : CTA_IP_V4_DST, f->server.addr.b, six ? 16 : 4);
	nlput_end_nest(m, ip);
}

static void put_proto(struct nlput *m, const struct flow *f)
{
	const uint16_t client = htons(f->client.port), server = htons(f->server.port);
	const size_t proto = nlput_nest(m, CTA_TUPLE_PROTO);
	const uint8_t tcp = IPPROTO_TCP;

	nlput_attr(m, CTA_PROTO_NUM, &tcp, sizeof(tcp));
	nlput_attr(m, CTA_PROTO_SRC_PORT, &client, sizeof(client));
	nlput_attr(m, CTA_PROTO_DST_PORT, &server, sizeof(server));
	nlput_end_nest(m, proto);
}

void conntrack_question(const struct flow *f, struct nlput *to)
{
	const struct nfgenmsg of = { .nfgen_family = f->server.addr.family == 6 ? AF_INET6 : AF_INET,
				     .version = NFNETLINK_V0 };
	size_t tuple;

	nlput_begin(to, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_REQUEST, 1, &of, sizeof(of));
	tuple = nlput_nest(to, CTA_TUPLE_ORIG);
	put_ip(to, f);
	put_proto(to, f);
	nlput_end_nest(to, tuple);
	nlput_end(to);
}
