/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_IP_H
#define SYNSENT_PACKET_IP_H

#include "packet/decode.h"

enum ip_protocol {
	PROTO_HOP_BY_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_IPV4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_IPV6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_AH = 51,
	PROTO_ICMPV6 = 58,
	PROTO_DESTINATION = 60,
	PROTO_SCTP = 132,
};

/* How an IP header came to be read. */
enum ip_context {
	IP_OUTER,  /* a packet of its own */
	IP_QUOTED, /* in an ICMP error: cut short by its sender, its total length not to be trusted */
};

/*
 * Reads the IP header at the start of b, IPv4 or IPv6 by its version nibble,
 * and walks to the transport header; on_wire is the length that b had when it
 * was sent.  Fills every field of *ret from `ip` to `l4_stated`, anew when there
 * was a packet around this one.  DECODE_OK
 * when there is a transport header, of whatever protocol; DECODE_NOT_OURS for a
 * later fragment.
 */
enum decode_result ip_decode(struct bytes b, uint32_t on_wire, enum ip_context context, struct packet *ret);

/* A header that is one of a chain: IPv6 extension headers, and AH in IPv4. */
struct ip_extension {
	uint8_t protocol; /* of this header */
	uint8_t next;
	struct bytes header; /* whole */
};

/* Takes the header off *chain (the bytes from it on) if `protocol` is an extension header.  DECODE_NOT_OURS: it is
 * none; DECODE_TRUNCATED: fewer bytes are left than it has. */
enum decode_result ip_extension_take(struct bytes *chain, uint8_t protocol, struct ip_extension *ret);

#endif
