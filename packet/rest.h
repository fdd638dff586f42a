/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_REST_H
#define SYNSENT_PACKET_REST_H

#include "packet/decode.h"

/* What is left of a frame while its layers are taken off, from the outside in. */
struct rest {
	struct bytes b;	  /* captured */
	uint32_t on_wire; /* as it was sent; never less than b.len */
	uint32_t next;	  /* what it begins with: an Ethernet type, or one of enum next_layer */
};

/* Ethernet types (IEEE) that are layers to be taken off, or IP. */
enum ethertype {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_TEB = 0x6558, /* an Ethernet frame, in GRE and Geneve */
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_PPP = 0x880b,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_UPSTREAM = 0x8848, /* once: multicast */
	ETHERTYPE_PPPOE = 0x8864,	  /* its session stage */
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_PBB = 0x88e7,	  /* the I-TAG of provider backbone bridges */
	ETHERTYPE_CISCO = 0x8909, /* Cisco MetaData: a TrustSec security group */
	ETHERTYPE_QINQ_9100 = 0x9100,
	ETHERTYPE_QINQ_9200 = 0x9200,
};

/* What no Ethernet type says. */
enum next_layer {
	NEXT_NONE = 0x10000, /* something that is not ours */
	NEXT_ANY_IP,	     /* the version nibble decides */
	NEXT_ETHERNET,
	NEXT_LLC,
	NEXT_PPP,
	NEXT_HDLC,	  /* Cisco HDLC */
	NEXT_WIFI,	  /* an IEEE 802.11 header */
	NEXT_WIFI_PADDED, /* the same, filled up to a multiple of four bytes */
	/* Plus the protocol's number: a tunnel's header, inside IP. */
	NEXT_IN_IP = 0x20000,
};

/* n bytes are missing: the capture cut them off, or they never were. */
static inline enum decode_result rest_short(const struct rest *r, size_t n)
{
	return r->on_wire < n ? DECODE_MALFORMED : DECODE_TRUNCATED;
}

/* Takes a header of n bytes, or says which way it is too short. */
static inline enum decode_result rest_take(struct rest *r, size_t n, struct bytes *ret)
{
	if (!bytes_take(&r->b, n, ret))
		return rest_short(r, n);
	r->on_wire -= (uint32_t)n;
	return DECODE_OK;
}

/* A length that was stated: what is beyond is padding.  A longer one changes nothing. */
static inline void rest_cut(struct rest *r, uint32_t len)
{
	if (r->on_wire > len)
		r->on_wire = len;
	if (r->b.len > len)
		r->b.len = len;
}

#endif
