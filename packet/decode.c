/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/decode.h"

#include "packet/ip.h"
#include "packet/link.h"
#include "packet/transport.h"

/* Who takes over after the IP header. */
static const struct {
	uint8_t ip_version, protocol;
	enum decode_result (*decode)(struct packet *p);
} transports[] = {
	{ 4, PROTO_TCP, tcp_decode },
	{ 6, PROTO_TCP, tcp_decode },
	{ 4, PROTO_ICMP, icmp_decode },
	{ 6, PROTO_ICMPV6, icmpv6_decode },
};

static enum decode_result transport_decode(struct packet *p)
{
	size_t i;

	for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		if (transports[i].ip_version == p->ip_version && transports[i].protocol == p->protocol)
			return transports[i].decode(p);
	}
	return DECODE_NOT_OURS;
}

/* The link says one IP version and the header another: it is not that packet. */
static bool contradicts(uint16_t ethertype, struct bytes b)
{
	uint8_t first;

	if (!bytes_u8(&b, &first) || ethertype == ETHERTYPE_ANY_IP)
		return false;
	return first >> 4 != (ethertype == ETHERTYPE_IPV4 ? 4 : 6);
}

enum decode_result decode_cut_frame(int linktype, struct bytes frame, uint32_t on_wire, struct packet *ret)
{
	struct bytes b = frame;
	enum decode_result r;
	uint16_t ethertype;

	*ret = (struct packet){ .linktype = linktype };
	if (on_wire < frame.len)
		on_wire = (uint32_t)frame.len;
	r = link_strip(linktype, &b, ret, &ethertype);
	if (r != DECODE_OK)
		return r;
	if (ethertype != ETHERTYPE_ANY_IP && ethertype != ETHERTYPE_IPV4 && ethertype != ETHERTYPE_IPV6)
		return DECODE_NOT_OURS;
	if (contradicts(ethertype, b))
		return DECODE_MALFORMED;
	r = ip_decode(b, on_wire - (uint32_t)(frame.len - b.len), IP_OUTER, ret);
	return r == DECODE_OK ? transport_decode(ret) : r;
}

enum decode_result decode_frame(int linktype, struct bytes frame, struct packet *ret)
{
	return decode_cut_frame(linktype, frame, (uint32_t)frame.len, ret);
}
