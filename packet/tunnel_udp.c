/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tunnel.h"

#define UDP_HEADER_LEN 8
#define VXLAN_HEADER_LEN 8
#define GENEVE_HEADER_LEN 8
#define GTPU_HEADER_LEN 8

enum { VXLAN_HAS_VNI = 0x08, GPE_VERSION = 0x30, GPE_HAS_NEXT = 0x04, GPE_OAM = 0x01 };
enum { GENEVE_VERSION = 0xc0, GENEVE_OPTIONS = 0x3f, GENEVE_CONTROL = 0x80 };
enum {
	GTPU_VERSION = 0xf0, /* with the protocol type */
	GTPU_IS_1 = 0x30,
	GTPU_EXTENDED = 0x07, /* any of these: four more bytes */
	GTPU_HAS_EXTENSION = 0x04,
	GTPU_PACKET = 255,
};

/* Of a tunnel's own header: what was not captured may still be one, what never was is none. */
static enum decode_result header_take(struct rest *r, size_t n, struct bytes *ret)
{
	return rest_take(r, n, ret) == DECODE_OK ? DECODE_OK : r->on_wire < n ? DECODE_NOT_OURS : DECODE_TRUNCATED;
}

static enum decode_result vxlan_strip(struct rest *r, struct packet *p)
{
	struct bytes header;
	uint32_t flags = 0, vni = 0;
	enum decode_result result = header_take(r, VXLAN_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u32be(&header, &flags);
	bytes_u32be(&header, &vni);
	if (!(flags >> 24 & VXLAN_HAS_VNI))
		return DECODE_NOT_OURS;
	tunnel_add(p, PATH_VXLAN, true, vni >> 8);
	r->next = NEXT_ETHERNET;
	return DECODE_OK;
}

static enum decode_result gpe_strip(struct rest *r, struct packet *p)
{
	static const uint32_t next[] = {
		[1] = ETHERTYPE_IPV4, [2] = ETHERTYPE_IPV6, [3] = NEXT_ETHERNET, [5] = ETHERTYPE_MPLS
	};
	struct bytes header;
	uint32_t first = 0, vni = 0, flags;
	uint8_t protocol;
	enum decode_result result = header_take(r, VXLAN_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u32be(&header, &first);
	bytes_u32be(&header, &vni);
	flags = first >> 24;
	protocol = flags & GPE_HAS_NEXT ? first & 0xff : 3;
	if (!(flags & VXLAN_HAS_VNI) || (flags & (GPE_VERSION | GPE_OAM)) ||
	    protocol >= sizeof(next) / sizeof(next[0]) || !next[protocol])
		return DECODE_NOT_OURS;
	tunnel_add(p, PATH_VXLAN, true, vni >> 8);
	r->next = next[protocol];
	return DECODE_OK;
}

static enum decode_result geneve_strip(struct rest *r, struct packet *p)
{
	struct bytes header, options;
	uint8_t first = 0, flags = 0;
	uint16_t type = 0;
	uint32_t vni = 0;
	enum decode_result result = header_take(r, GENEVE_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u8(&header, &first);
	bytes_u8(&header, &flags);
	bytes_u16be(&header, &type);
	bytes_u32be(&header, &vni);
	if ((first & GENEVE_VERSION) || (flags & GENEVE_CONTROL))
		return DECODE_NOT_OURS;
	result = header_take(r, (size_t)(first & GENEVE_OPTIONS) * 4, &options);
	if (result != DECODE_OK)
		return result;
	tunnel_add(p, PATH_GENEVE, true, vni >> 8);
	r->next = type;
	return DECODE_OK;
}

/* Each extension header begins with its length, in words, and ends with the type of the next; 0 is none. */
static enum decode_result gtpu_extensions_strip(struct rest *r, uint8_t type)
{
	struct bytes b, header;
	uint8_t len = 0;
	enum decode_result result;

	while (type) {
		b = r->b;
		if (!bytes_u8(&b, &len))
			return header_take(r, 1, &header);
		if (!len)
			return DECODE_NOT_OURS;
		result = header_take(r, (size_t)len * 4, &header);
		if (result != DECODE_OK)
			return result;
		bytes_skip(&header, header.len - 1);
		bytes_u8(&header, &type);
	}
	return DECODE_OK;
}

static enum decode_result gtpu_strip(struct rest *r, struct packet *p)
{
	struct bytes header, more, first;
	uint8_t flags = 0, message = 0, type = 0, version = 0;
	uint16_t len = 0;
	uint32_t teid = 0;
	enum decode_result result = header_take(r, GTPU_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u8(&header, &flags);
	bytes_u8(&header, &message);
	bytes_u16be(&header, &len);
	bytes_u32be(&header, &teid);
	if ((flags & GTPU_VERSION) != GTPU_IS_1 || message != GTPU_PACKET)
		return DECODE_NOT_OURS;
	rest_cut(r, len);
	if (flags & GTPU_EXTENDED) {
		result = header_take(r, 4, &more);
		if (result != DECODE_OK)
			return result;
		bytes_skip(&more, 3);
		bytes_u8(&more, &type);
		result = gtpu_extensions_strip(r, flags & GTPU_HAS_EXTENSION ? type : 0);
		if (result != DECODE_OK)
			return result;
	}
	/* What it carries was agreed on elsewhere: IP, or what is not ours. */
	first = r->b;
	if (!bytes_u8(&first, &version))
		return header_take(r, 1, &more);
	if (version >> 4 != 4 && version >> 4 != 6)
		return DECODE_NOT_OURS;
	tunnel_add(p, PATH_GTPU, true, teid);
	r->next = NEXT_ANY_IP;
	return DECODE_OK;
}

/* By destination: the source port is a hash of the flow inside, or anything. */
static const struct {
	uint16_t port;
	enum decode_result (*strip)(struct rest *r, struct packet *p);
} tunnels[] = {
	{ TUNNEL_VXLAN, vxlan_strip },	 { TUNNEL_VXLAN_LINUX, vxlan_strip }, { TUNNEL_VXLAN_GPE, gpe_strip },
	{ TUNNEL_GENEVE, geneve_strip }, { TUNNEL_GTPU, gtpu_strip },
};

enum decode_result udp_strip(struct rest *r, struct packet *p)
{
	struct bytes b = r->b, header;
	uint16_t port = 0, len = 0;
	enum decode_result result;
	size_t i;

	/* A port is enough to tell that it is none. */
	if (!bytes_skip(&b, 2) || !bytes_u16be(&b, &port))
		return r->on_wire < UDP_HEADER_LEN ? DECODE_NOT_OURS : DECODE_TRUNCATED;
	for (i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		if (tunnels[i].port != port)
			continue;
		result = header_take(r, UDP_HEADER_LEN, &header);
		if (result != DECODE_OK)
			return result;
		bytes_skip(&header, 4);
		bytes_u16be(&header, &len);
		/* 0: longer than it can say (RFC 2675). */
		if (len && len < UDP_HEADER_LEN)
			return DECODE_NOT_OURS;
		if (len)
			rest_cut(r, len - UDP_HEADER_LEN);
		return tunnels[i].strip(r, p);
	}
	return DECODE_NOT_OURS;
}
