/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_CLASSIFY_H
#define SYNSENT_PACKET_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flow_hash.h"
#include "packet/ip.h"
#include "packet/link.h"
#include "packet/tunnel.h"

/*
 * A first look at a packet of a capture, by the fewest loads: of sixty packets
 * one matters.  It decides only for the plainest of packets, and must then say
 * what decode_frame() says (tests/unit/test_classify.c compares the two); all
 * others are to be looked at.  Bytes are touched here without util/bytes.h, each
 * after a comparison with the captured length in sight.
 */
enum packet_sort {
	SORT_TCP,   /* a TCP segment without SYN and RST */
	SORT_OTHER, /* not TCP, and no ICMP error about it */
	/* to be looked at: */
	SORT_SYN,  /* a TCP segment with SYN or RST */
	SORT_ICMP, /* ICMP or ICMPv6 */
	SORT_LOOK, /* not as plain as that */
};

/* Link types with a fixed place for the ethertype and for what it names. */
enum link_layout {
	LAYOUT_OTHER, /* always SORT_LOOK */
	LAYOUT_ETHERNET,
	LAYOUT_SLL,
	LAYOUT_SLL2,
	LAYOUT_RAW, /* no ethertype: the version nibble decides */
	LAYOUT_N,
};

#define CLASSIFY_ARP 0x0806
#define CLASSIFY_ARPHRD_ETHER 1
#define CLASSIFY_ARPHRD_LOOPBACK 772

static inline enum link_layout link_layout_of(int linktype)
{
	switch (linktype) {
	case LINK_ETHERNET:
		return LAYOUT_ETHERNET;
	case LINK_LINUX_SLL:
		return LAYOUT_SLL;
	case LINK_LINUX_SLL2:
		return LAYOUT_SLL2;
	case LINK_RAW:
	case LINK_RAW_LIVE:
	case LINK_IPV4:
	case LINK_IPV6:
		return LAYOUT_RAW;
	default:
		return LAYOUT_OTHER;
	}
}

/* By destination alone, as udp_strip() has it. */
static inline bool classify_is_tunnel_port(uint16_t port)
{
	return port == TUNNEL_VXLAN || port == TUNNEL_VXLAN_LINUX || port == TUNNEL_VXLAN_GPE ||
	       port == TUNNEL_GENEVE || port == TUNNEL_GTPU;
}

static inline uint16_t classify_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint16_t classify_port(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Where the IP header is, and which it is; 0 when that is not plain. */
struct ip_place {
	uint32_t at;
	uint32_t tagged; /* where the first VLAN tag is, after its type; 0: there is none */
	uint16_t ethertype;
};

static inline __attribute__((always_inline)) bool ip_place(enum link_layout layout, const uint8_t *p, uint32_t caplen,
							   struct ip_place *ret)
{
	uint16_t hatype;
	int tags;

	switch (layout) {
	case LAYOUT_ETHERNET:
		if (caplen < 14)
			return false;
		ret->ethertype = classify_be16(p + 12);
		ret->at = 14;
		break;
	case LAYOUT_SLL:
		if (caplen < 16)
			return false;
		hatype = classify_be16(p + 2);
		if (hatype != CLASSIFY_ARPHRD_ETHER && hatype != CLASSIFY_ARPHRD_LOOPBACK)
			return false;
		ret->ethertype = classify_be16(p + 14);
		ret->at = 16;
		break;
	case LAYOUT_SLL2:
		if (caplen < 20)
			return false;
		hatype = classify_be16(p + 8);
		if (hatype != CLASSIFY_ARPHRD_ETHER && hatype != CLASSIFY_ARPHRD_LOOPBACK)
			return false;
		ret->ethertype = classify_be16(p);
		ret->at = 20;
		break;
	case LAYOUT_RAW:
		if (caplen < 1)
			return false;
		ret->ethertype = p[0] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
		ret->at = 0;
		return true;
	default:
		return false;
	}
	for (tags = 0; tags < 2 && (ret->ethertype == ETHERTYPE_VLAN || ret->ethertype == ETHERTYPE_QINQ); tags++) {
		if (caplen < ret->at + 4)
			return false;
		if (!tags)
			ret->tagged = ret->at;
		ret->ethertype = classify_be16(p + ret->at + 2);
		ret->at += 4;
	}
	return true;
}

/* What needs a closer look after an IP header: ICMP, tunnels, headers that are one of a chain. */
static inline enum packet_sort classify_protocol(uint8_t protocol)
{
	if (protocol == PROTO_ICMP || protocol == PROTO_ICMPV6)
		return SORT_ICMP;
	return protocol <= PROTO_IPV4 || protocol == PROTO_IPV6 || protocol == PROTO_ROUTING ||
			       protocol == PROTO_FRAGMENT || protocol == PROTO_GRE || protocol == PROTO_AH ||
			       protocol == PROTO_DESTINATION
		       ? SORT_LOOK
		       : SORT_OTHER;
}

/* l4: TCP's header, 16 bytes of which are there; room: the length that the IP header leaves for it. */
static inline enum packet_sort classify_tcp(const uint8_t *l4, uint32_t room)
{
	uint32_t header_len = (uint32_t)(l4[12] >> 4) * 4;

	if (header_len < 20 || header_len > room)
		return SORT_LOOK;
	return l4[13] & (TCP_SYN | TCP_RST) ? SORT_SYN : SORT_TCP;
}

/* Of both ports, as in the header. */
static inline uint16_t classify_ports(const uint8_t *l4)
{
	uint32_t v;

	memcpy(&v, l4, sizeof(v));
	return (uint16_t)(v ^ v >> 16);
}

static inline uint32_t classify_addresses4(const uint8_t *src_dst)
{
	uint64_t v;

	memcpy(&v, src_dst, sizeof(v));
	return (uint32_t)(v ^ v >> 32);
}

#define CLASSIFY_L4 16 /* of a transport header so much is there */

/* ret_class: flow_class() of a TCP segment. */
static inline __attribute__((always_inline)) enum packet_sort classify(enum link_layout layout, const uint8_t *p,
								       uint32_t caplen, uint32_t *ret_class)
{
	const uint8_t *ip, *l4;
	struct ip_place place;
	uint32_t total;

	if (!ip_place(layout, p, caplen, &place))
		return SORT_LOOK;
	ip = p + place.at;
	if (place.ethertype == ETHERTYPE_IPV4) {
		if (caplen < place.at + 20 + CLASSIFY_L4 || ip[0] != 0x45)
			return SORT_LOOK;
		total = classify_be16(ip + 2);
		l4 = ip + 20;
		if (classify_be16(ip + 6) & 0x3fff || total < 20)
			return SORT_LOOK;
		if (ip[9] == PROTO_TCP) {
			*ret_class = flow_class(classify_addresses4(ip + 12), classify_ports(l4));
			return classify_tcp(l4, total - 20);
		}
		if (ip[9] == PROTO_UDP)
			return classify_is_tunnel_port(classify_be16(l4 + 2)) ? SORT_LOOK : SORT_OTHER;
		return classify_protocol(ip[9]);
	}
	if (place.ethertype == ETHERTYPE_IPV6) {
		if (caplen < place.at + 40 + CLASSIFY_L4 || ip[0] >> 4 != 6)
			return SORT_LOOK;
		total = classify_be16(ip + 4);
		l4 = ip + 40;
		if (ip[6] == PROTO_TCP) {
			*ret_class = flow_class(flow_addresses6(ip + 8, ip + 24), classify_ports(l4));
			return classify_tcp(l4, total);
		}
		if (ip[6] == PROTO_UDP && total)
			return classify_is_tunnel_port(classify_be16(l4 + 2)) ? SORT_LOOK : SORT_OTHER;
		return total ? classify_protocol(ip[6]) : SORT_LOOK;
	}
	return place.ethertype == CLASSIFY_ARP ? SORT_OTHER : SORT_LOOK;
}

#endif
