/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nftrace_parse.h"

#include <errno.h>
#include <netinet/in.h> /* before the kernel's own, which then leave out the same names */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "sources/nlget.h"

#define ANSWER_MASK 0xffffU /* above it a verdict of the kernel may hold an errno or a drop reason */

static const struct {
	uint8_t nfproto;
	const char *family;
} families[] = {
	{ NFPROTO_INET, "inet" }, { NFPROTO_IPV4, "ip" },	{ NFPROTO_IPV6, "ip6" },
	{ NFPROTO_ARP, "arp" },	  { NFPROTO_NETDEV, "netdev" }, { NFPROTO_BRIDGE, "bridge" },
};

const char *nftrace_family(uint8_t nfproto)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].nfproto == nfproto)
			return families[i].family;
	return "";
}

uint8_t nftrace_nfproto(const char *family)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (!strcmp(families[i].family, family))
			return families[i].nfproto;
	return 0;
}

/* Jumps and returns are negative. */
static bool is_drop(uint32_t code)
{
	return (int32_t)code >= 0 && (code & ANSWER_MASK) == NF_DROP;
}

static bool verdict_drops(struct bytes nest)
{
	struct bytes value;
	uint16_t type;
	uint32_t code;

	while (nlget_attr(&nest, &type, &value))
		if (type == NFTA_VERDICT_CODE && bytes_u32be(&value, &code))
			return is_drop(code);
	return false;
}

static bool addresses(struct bytes *b, uint8_t family, struct rule_packet *p)
{
	size_t len = family == 4 ? 4 : 16;

	p->src.addr.family = p->dst.addr.family = family;
	return bytes_copy(b, p->src.addr.b, len) && bytes_copy(b, p->dst.addr.b, len);
}

/* Extension headers of IPv6 may stand before the TCP header: the kernel has found its place, and tells no more. */
static bool may_lead_to_tcp(uint8_t next)
{
	return next == IPPROTO_TCP || next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT ||
	       next == IPPROTO_AH || next == IPPROTO_DSTOPTS;
}

/* The headers are short copies: 40 bytes of the network's, 20 of the transport's. */
static bool network(struct bytes b, struct rule_packet *p)
{
	struct bytes whole = b;
	uint8_t first, protocol;

	if (!bytes_u8(&b, &first))
		return false;
	b = whole;
	if (first >> 4 == 4)
		return bytes_skip(&b, 9) && bytes_u8(&b, &protocol) && protocol == IPPROTO_TCP && bytes_skip(&b, 2) &&
		       addresses(&b, 4, p);
	return first >> 4 == 6 && bytes_skip(&b, 6) && bytes_u8(&b, &protocol) && may_lead_to_tcp(protocol) &&
	       bytes_skip(&b, 1) && addresses(&b, 6, p);
}

static bool transport(struct bytes b, struct rule_packet *p)
{
	uint8_t offset;

	return bytes_u16be(&b, &p->src.port) && bytes_u16be(&b, &p->dst.port) && bytes_u32be(&b, &p->seq) &&
	       bytes_u32be(&b, &p->ack) && bytes_u8(&b, &offset) && bytes_u8(&b, &p->flags);
}

struct parts {
	bool has_table, has_chain, network, transport;
	uint32_t type;
};

static bool number64(struct bytes b, uint64_t *ret)
{
	uint32_t high, low;

	if (!bytes_u32be(&b, &high) || !bytes_u32be(&b, &low))
		return false;
	*ret = (uint64_t)high << 32 | low;
	return true;
}

static void attribute(uint16_t type, struct bytes v, struct nftrace_event *ev, struct parts *parts)
{
	uint32_t code;

	switch (type) {
	case NFTA_TRACE_TABLE:
		nlget_text(v, ev->table, sizeof(ev->table));
		parts->has_table = true;
		break;
	case NFTA_TRACE_CHAIN:
		nlget_text(v, ev->chain, sizeof(ev->chain));
		parts->has_chain = true;
		break;
	case NFTA_TRACE_RULE_HANDLE:
		number64(v, &ev->handle);
		break;
	case NFTA_TRACE_TYPE:
		bytes_u32be(&v, &parts->type);
		break;
	case NFTA_TRACE_VERDICT:
		ev->drop = verdict_drops(v);
		break;
	case NFTA_TRACE_POLICY:
		ev->drop = bytes_u32be(&v, &code) && is_drop(code);
		break;
	case NFTA_TRACE_ID:
		bytes_u32be(&v, &ev->id);
		break;
	case NFTA_TRACE_NETWORK_HEADER:
		ev->first = true;
		parts->network = network(v, &ev->packet);
		break;
	case NFTA_TRACE_TRANSPORT_HEADER:
		parts->transport = transport(v, &ev->packet);
		break;
	}
}

static bool parse(struct bytes payload, struct nftrace_event *ev)
{
	struct parts parts = { 0 };
	struct nfgenmsg h;
	struct bytes value;
	uint16_t type;

	memset(ev, 0, sizeof(*ev));
	if (!bytes_copy(&payload, &h, sizeof(h)))
		return false;
	ev->family = h.nfgen_family; /* NFTA_TRACE_NFPROTO is the packet's */
	while (nlget_attr(&payload, &type, &value))
		attribute(type, value, ev, &parts);
	ev->policy = parts.type == NFT_TRACETYPE_POLICY;
	ev->has_packet = parts.network && parts.transport;
	return !payload.len && parts.has_table && parts.has_chain && parts.type;
}

int nftrace_parse_datagram(struct bytes b, nftrace_event_fn *fn, void *user)
{
	struct nftrace_event ev;
	struct nlget m;

	while (nlget_message(&b, &m)) {
		if (m.type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE))
			continue;
		if (!parse(m.payload, &ev))
			return -EBADMSG;
		fn(&ev, user);
	}
	return b.len ? -EBADMSG : 0;
}
