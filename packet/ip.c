/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/ip.h"

#define IPV4_HEADER_LEN 20
#define IPV6_HEADER_LEN 40

enum { OPTION4_EOL = 0, OPTION4_NOP = 1, OPTION4_LSRR = 131, OPTION4_SSRR = 137 };
enum { OPTION6_PAD1 = 0, OPTION6_JUMBO = 0xc2 };

/* Lengths are in units of `unit` bytes, `extra` of them not counted in the length byte. */
static const struct extension {
	uint8_t protocol, unit, extra;
} extensions[] = {
	{ PROTO_HOP_BY_HOP, 8, 1 },  { PROTO_ROUTING, 8, 1 },
	{ PROTO_DESTINATION, 8, 1 }, { PROTO_FRAGMENT, 0, 0 }, /* 8 bytes; its second byte is reserved */
	{ PROTO_AH, 4, 2 },
};

enum decode_result ip_extension_take(struct bytes *chain, uint8_t protocol, struct ip_extension *ret)
{
	const struct extension *e = NULL;
	struct ip_extension x = { .protocol = protocol };
	struct bytes b = *chain;
	uint8_t len;
	size_t i, taken;

	for (i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		if (extensions[i].protocol == protocol)
			e = &extensions[i];
	}
	if (!e)
		return DECODE_NOT_OURS;
	if (!bytes_u8(&b, &x.next) || !bytes_u8(&b, &len))
		return DECODE_TRUNCATED;
	taken = e->unit ? ((size_t)len + e->extra) * e->unit : 8;
	if (!bytes_take(chain, taken, &x.header))
		return DECODE_TRUNCATED;
	*ret = x;
	return DECODE_OK;
}

static void addr_take(struct bytes *b, uint8_t version, struct addr *ret)
{
	*ret = (struct addr){ .family = version };
	bytes_copy(b, ret->b, version == 4 ? 4 : 16);
}

static void fragment_read(struct bytes header, struct packet *p)
{
	uint16_t offset;

	if (!bytes_skip(&header, 2) || !bytes_u16be(&header, &offset))
		return;
	p->ip_fragment = offset >> 3;
	p->more_fragments = offset & 1;
}

/* Segments left: the last destination is in the routing header. */
static void routing_read(struct bytes header, struct packet *p)
{
	uint8_t segments_left;

	if (bytes_skip(&header, 3) && bytes_u8(&header, &segments_left) && segments_left)
		p->source_routed = true;
}

/* RFC 2675: a length that does not fit in the header.  A smaller one is an error, and the length stays unknown. */
static void jumbo_read(struct bytes header, struct packet *p)
{
	uint8_t type, len;
	uint32_t jumbo;
	struct bytes data;

	bytes_skip(&header, 2);
	while (bytes_u8(&header, &type)) {
		if (type == OPTION6_PAD1)
			continue;
		if (!bytes_u8(&header, &len) || !bytes_take(&header, len, &data))
			return;
		if (type != OPTION6_JUMBO || len != 4 || !bytes_u32be(&data, &jumbo))
			continue;
		if (jumbo > UINT16_MAX && jumbo >= p->l4_stated && jumbo <= UINT32_MAX - IPV6_HEADER_LEN) {
			p->ip_total = IPV6_HEADER_LEN + jumbo;
			p->l4_stated = jumbo;
		}
		return;
	}
}

/* Walks from p->l4 over extension headers; each takes at least 8 bytes, so the packet bounds the walk. */
static enum decode_result extensions_walk(struct packet *p)
{
	struct ip_extension x;
	enum decode_result r;

	while (!p->ip_fragment) {
		/* In IPv4 these numbers are protocols of their own, AH excepted. */
		if (p->ip_version == 4 && p->protocol != PROTO_AH)
			return DECODE_OK;
		r = ip_extension_take(&p->l4, p->protocol, &x);
		if (r == DECODE_NOT_OURS)
			return DECODE_OK;
		if (r != DECODE_OK)
			return p->l4.len >= p->l4_stated ? DECODE_MALFORMED : DECODE_TRUNCATED;
		if (x.protocol == PROTO_HOP_BY_HOP && !p->ip_total)
			jumbo_read(x.header, p);
		else if (x.protocol == PROTO_FRAGMENT)
			fragment_read(x.header, p);
		else if (x.protocol == PROTO_ROUTING)
			routing_read(x.header, p);
		p->protocol = x.next;
		p->l4_stated -= (uint32_t)x.header.len;
	}
	return DECODE_NOT_OURS;
}

static void options4_read(struct bytes options, struct packet *p)
{
	uint8_t kind, len;

	while (bytes_u8(&options, &kind) && kind != OPTION4_EOL) {
		if (kind == OPTION4_NOP)
			continue;
		if (kind == OPTION4_LSRR || kind == OPTION4_SSRR)
			p->source_routed = true;
		if (!bytes_u8(&options, &len) || len < 2 || !bytes_skip(&options, len - 2))
			return;
	}
}

/* Cuts p->ip and p->l4 to what the header states. */
static void cut(struct packet *p, size_t header_len, uint32_t total)
{
	if (p->ip.len > total)
		p->ip.len = total;
	p->l4 = p->ip;
	if (!bytes_skip(&p->l4, header_len))
		p->l4.len = 0;
	p->l4_stated = total - (uint32_t)header_len;
}

static enum decode_result ipv4_decode(enum ip_context context, struct packet *p)
{
	struct bytes b = p->ip, options = { 0 };
	uint16_t total, offset;
	uint8_t version;
	size_t header_len;

	if (b.len < IPV4_HEADER_LEN)
		return p->ip_on_wire < IPV4_HEADER_LEN ? DECODE_MALFORMED : DECODE_TRUNCATED;
	bytes_u8(&b, &version);
	header_len = (size_t)(version & 15) * 4;
	bytes_u8(&b, &p->tos);
	bytes_u16be(&b, &total);
	bytes_skip(&b, 2);
	bytes_u16be(&b, &offset);
	bytes_u8(&b, &p->ttl);
	bytes_u8(&b, &p->protocol);
	bytes_skip(&b, 2);
	addr_take(&b, 4, &p->src);
	addr_take(&b, 4, &p->dst);
	p->ip_version = 4;
	p->ip_total = total;
	p->ip_fragment = offset & 0x1fff;
	p->more_fragments = offset & 0x2000;
	if (header_len < IPV4_HEADER_LEN || p->ip_on_wire < header_len)
		return DECODE_MALFORMED;
	/* A length of 0 is what a large segment shows before the network card has cut it up. */
	if (context == IP_OUTER && total && total < header_len)
		return DECODE_MALFORMED;
	cut(p, header_len, context == IP_OUTER && total ? total : p->ip_on_wire);
	if (p->ip.len < header_len)
		return DECODE_TRUNCATED;
	bytes_take(&b, header_len - IPV4_HEADER_LEN, &options);
	options4_read(options, p);
	return extensions_walk(p);
}

static enum decode_result ipv6_decode(enum ip_context context, struct packet *p)
{
	struct bytes b = p->ip;
	uint32_t first;
	uint16_t len;

	if (b.len < IPV6_HEADER_LEN)
		return p->ip_on_wire < IPV6_HEADER_LEN ? DECODE_MALFORMED : DECODE_TRUNCATED;
	bytes_u32be(&b, &first);
	p->tos = (uint8_t)(first >> 20);
	p->flow_label = first & 0xfffff;
	bytes_u16be(&b, &len);
	bytes_u8(&b, &p->protocol);
	bytes_u8(&b, &p->ttl);
	addr_take(&b, 6, &p->src);
	addr_take(&b, 6, &p->dst);
	p->ip_version = 6;
	p->ip_total = len ? (uint32_t)IPV6_HEADER_LEN + len : 0;
	cut(p, IPV6_HEADER_LEN, context == IP_OUTER && len ? p->ip_total : p->ip_on_wire);
	return extensions_walk(p);
}

/* What the packet around this one left. */
static void forget(struct packet *p)
{
	p->ip_version = 0;
	p->ip_total = 0;
	p->ip_fragment = p->more_fragments = p->source_routed = false;
	p->ttl = p->tos = 0;
	p->flow_label = 0;
	p->src = p->dst = (struct addr){ 0 };
	p->protocol = 0;
	p->l4 = (struct bytes){ 0 };
	p->l4_stated = 0;
}

enum decode_result ip_decode(struct bytes b, uint32_t on_wire, enum ip_context context, struct packet *ret)
{
	struct bytes first = b;
	uint8_t version;

	forget(ret);
	ret->ip = b;
	ret->ip_on_wire = on_wire;
	if (!bytes_u8(&first, &version))
		return on_wire ? DECODE_TRUNCATED : DECODE_MALFORMED;
	switch (version >> 4) {
	case 4:
		return ipv4_decode(context, ret);
	case 6:
		return ipv6_decode(context, ret);
	default:
		return DECODE_MALFORMED;
	}
}
