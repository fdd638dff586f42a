/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#include "packet/ip.h"
#include "packet/link.h"
#include "packet/ppp.h"
#include "packet/shim.h"
#include "packet/transport.h"
#include "packet/tunnel.h"
#include "packet/wifi.h"

struct layer {
	uint32_t kind;
	enum decode_result (*strip)(struct rest *r, struct packet *p);
};

/* What lies before IP.  Each takes at least a byte, so the frame bounds the walk. */
static const struct layer shims[] = {
	{ NEXT_ETHERNET, ethernet_strip },   { ETHERTYPE_TEB, ethernet_strip }, { NEXT_LLC, llc_strip },
	{ ETHERTYPE_VLAN, vlan_strip },	     { ETHERTYPE_QINQ, vlan_strip },	{ ETHERTYPE_QINQ_9100, vlan_strip },
	{ ETHERTYPE_QINQ_9200, vlan_strip }, { ETHERTYPE_MPLS, mpls_strip },	{ ETHERTYPE_MPLS_UPSTREAM, mpls_strip },
	{ ETHERTYPE_PPPOE, pppoe_strip },    { ETHERTYPE_PPP, ppp_strip },	{ NEXT_PPP, ppp_strip },
	{ NEXT_HDLC, hdlc_strip },	     { NEXT_WIFI, wifi_strip },		{ NEXT_WIFI_PADDED, wifi_strip },
	{ ETHERTYPE_PBB, pbb_strip },	     { ETHERTYPE_CISCO, cisco_strip },
};

/* What lies between one IP header and the next. */
static const struct layer tunnels[] = {
	{ NEXT_IN_IP + PROTO_IPV4, ipv4_in_ip_strip },
	{ NEXT_IN_IP + PROTO_IPV6, ipv6_in_ip_strip },
	{ NEXT_IN_IP + PROTO_GRE, gre_strip },
	{ NEXT_IN_IP + PROTO_UDP, udp_strip },
};

/* Who takes over after the innermost IP header. */
static const struct {
	uint8_t ip_version, protocol;
	enum decode_result (*decode)(struct packet *p);
} transports[] = {
	{ 4, PROTO_TCP, tcp_decode },
	{ 6, PROTO_TCP, tcp_decode },
	{ 4, PROTO_ICMP, icmp_decode },
	{ 6, PROTO_ICMPV6, icmpv6_decode },
};

static const struct layer *layer_find(const struct layer *layers, size_t n, uint32_t kind)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (layers[i].kind == kind)
			return &layers[i];
	}
	return NULL;
}

static enum decode_result layer_take(const struct layer *l, struct rest *r, const struct layer_watch *w,
				     struct packet *p)
{
	struct rest before = *r;
	enum decode_result result = l->strip(r, p);

	if (result == DECODE_OK && w)
		w->taken(w->user, &before, p);
	return result;
}

static enum decode_result transport_decode(struct packet *p)
{
	size_t i;

	for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		if (transports[i].ip_version == p->ip_version && transports[i].protocol == p->protocol)
			return transports[i].decode(p);
	}
	return DECODE_NOT_OURS;
}

static bool is_ip(uint32_t kind)
{
	return kind == ETHERTYPE_IPV4 || kind == ETHERTYPE_IPV6 || kind == NEXT_ANY_IP;
}

/* What is before says one IP version and the header another: it is not that packet. */
static bool contradicts(const struct rest *r)
{
	struct bytes b = r->b;
	uint8_t first;

	if (!bytes_u8(&b, &first) || r->next == NEXT_ANY_IP)
		return false;
	return first >> 4 != (r->next == ETHERTYPE_IPV4 ? 4 : 6);
}

/* From the next header on to the transport of the next IP packet, r being its payload then. */
static enum decode_result ip_reach(struct rest *r, const struct layer_watch *w, struct packet *p)
{
	const struct layer *l;
	enum decode_result result;

	while (!is_ip(r->next)) {
		l = layer_find(shims, sizeof(shims) / sizeof(shims[0]), r->next);
		result = l ? layer_take(l, r, w, p) : DECODE_NOT_OURS;
		if (result != DECODE_OK)
			return result;
	}
	if (contradicts(r))
		return DECODE_MALFORMED;
	result = ip_decode(r->b, r->on_wire, IP_OUTER, p);
	*r = (struct rest){ .b = p->l4, .on_wire = p->l4_stated, .next = NEXT_IN_IP + p->protocol };
	return result;
}

enum decode_result frame_walk(int linktype, struct bytes frame, uint32_t on_wire, const struct layer_watch *w,
			      struct packet *ret)
{
	struct rest r = { .b = frame, .on_wire = on_wire < frame.len ? (uint32_t)frame.len : on_wire };
	const struct layer *tunnel;
	enum decode_result result;

	*ret = (struct packet){ .linktype = linktype, .frame = frame, .on_wire = r.on_wire };
	result = link_strip(linktype, &r, ret);
	while (result == DECODE_OK) {
		result = ip_reach(&r, w, ret);
		if (result != DECODE_OK)
			return result;
		tunnel = layer_find(tunnels, sizeof(tunnels) / sizeof(tunnels[0]), r.next);
		if (!tunnel)
			return transport_decode(ret);
		if (ret->path.n_tunnels == PATH_TUNNELS_MAX)
			return DECODE_NOT_OURS;
		result = layer_take(tunnel, &r, w, ret);
	}
	return result;
}

enum decode_result decode_cut_frame(int linktype, struct bytes frame, uint32_t on_wire, struct packet *ret)
{
	return frame_walk(linktype, frame, on_wire, NULL, ret);
}

enum decode_result decode_frame(int linktype, struct bytes frame, struct packet *ret)
{
	return decode_cut_frame(linktype, frame, (uint32_t)frame.len, ret);
}
