/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/ip.h"
#include "packet/tcpdump_print.h"

#define IPV6_HEADER_LEN 40

/* What came before in the chain. */
struct seen {
	bool any, hop_by_hop, ah;
};

static bool print_routing_addresses(struct printer *pr, struct bytes b, unsigned int n)
{
	struct addr a = { .family = 6 };
	char text[ADDR_TEXT_LEN];
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!bytes_copy(&b, a.b, 16))
			return false;
		buf_fmt(pr->to, ", [%u]%s", i, addr_format(&a, text));
	}
	buf_str(pr->to, ") ");
	return true;
}

/* b: from the header to the end of what is captured.  tcpdump prints as far as it gets. */
static bool print_routing(struct printer *pr, struct bytes b, bool *ret_stop)
{
	uint8_t len, type, left, last, flags;
	uint16_t tag;
	uint32_t reserved;

	pr->protocol = "rt6";
	buf_str(pr->to, "RT6");
	if (!bytes_skip(&b, 1) || !bytes_u8(&b, &len))
		return false;
	buf_fmt(pr->to, " (len=%u", len);
	if (!bytes_u8(&b, &type))
		return false;
	buf_fmt(pr->to, ", type=%u%s", type, type ? "" : " [Deprecated]");
	if (!bytes_u8(&b, &left))
		return false;
	buf_fmt(pr->to, ", segleft=%u", left);
	if (type == 0 || type == 2) {
		if (!bytes_u32be(&b, &reserved))
			return false;
		if (reserved)
			buf_fmt(pr->to, ", rsv=0x%x", reserved);
	} else if (type == 4) {
		if (!bytes_u8(&b, &last))
			return false;
		buf_fmt(pr->to, ", last-entry=%u", last);
		if (!bytes_u8(&b, &flags))
			return false;
		if (flags)
			buf_fmt(pr->to, ", flags=0x%x", flags);
		if (!bytes_u16be(&b, &tag))
			return false;
		buf_fmt(pr->to, ", tag=%x", tag);
	} else {
		buf_str(pr->to, " (unknown type) (invalid)");
		*ret_stop = true;
		return true;
	}
	if (len % 2) {
		buf_fmt(pr->to, " (invalid length %u) (invalid)", len);
		*ret_stop = true;
		return true;
	}
	return print_routing_addresses(pr, b, len / 2u);
}

static bool print_fragment(struct printer *pr, struct bytes b, bool *ret_stop)
{
	const struct packet *p = pr->p;
	size_t before = p->ip.len - b.len;
	uint16_t offset;

	pr->protocol = "frag6";
	if (!bytes_skip(&b, 2) || !bytes_u16be(&b, &offset))
		return false;
	buf_fmt(pr->to, "frag (%u|%zu)", offset & 0xfff8u, p->ip_total - before - 8);
	if (!(offset >> 3))
		buf_char(pr->to, ' ');
	*ret_stop = offset >> 3 || b.len <= 4;
	return true;
}

/* Also in IPv4. */
static bool print_ah(struct printer *pr, struct bytes b)
{
	uint8_t len, v;
	uint16_t reserved;
	uint32_t spi, seq, left;

	pr->protocol = "ah";
	buf_str(pr->to, "AH");
	if (!bytes_skip(&b, 1) || !bytes_u8(&b, &len))
		return false;
	buf_char(pr->to, '(');
	if (!bytes_u16be(&b, &reserved))
		return false;
	if (reserved)
		buf_fmt(pr->to, "reserved=0x%x[MustBeZero],", reserved);
	if (!bytes_u32be(&b, &spi))
		return false;
	buf_fmt(pr->to, "spi=0x%08x,", spi);
	if (!bytes_u32be(&b, &seq))
		return false;
	buf_fmt(pr->to, "seq=0x%x,icv=0x", seq);
	left = (len + 2u) * 4;
	for (left = left > 12 ? left - 12 : 0; left; left--) {
		if (!bytes_u8(&b, &v))
			return false;
		buf_fmt(pr->to, "%02x", v);
	}
	buf_str(pr->to, "): ");
	return true;
}

static bool print_extension(struct printer *pr, uint8_t protocol, struct bytes b, bool *ret_stop)
{
	struct ip_extension whole;

	switch (protocol) {
	case PROTO_HOP_BY_HOP:
	case PROTO_DESTINATION:
		pr->protocol = protocol == PROTO_HOP_BY_HOP ? "hbhopt" : "dstopt";
		if (ip_extension_take(&b, protocol, &whole) != DECODE_OK)
			return false;
		buf_str(pr->to, protocol == PROTO_HOP_BY_HOP ? "HBH " : "DSTOPT ");
		return true;
	case PROTO_ROUTING:
		return print_routing(pr, b, ret_stop);
	case PROTO_FRAGMENT:
		return print_fragment(pr, b, ret_stop);
	case PROTO_AH:
		return print_ah(pr, b);
	default:
		return true;
	}
}

/* A hop-by-hop header out of its place ends the line; so does what tcpdump does not expect behind AH. */
static bool print_misplaced(struct printer *pr, uint8_t protocol, const struct seen *seen, uint32_t len)
{
	struct ip_extension x;
	struct bytes none = { 0 };

	if (seen->ah && protocol != PROTO_AH && ip_extension_take(&none, protocol, &x) != DECODE_NOT_OURS)
		buf_fmt(pr->to, " ip-proto-%u %u", protocol, len);
	else if (protocol == PROTO_HOP_BY_HOP && seen->hop_by_hop)
		buf_str(pr->to, "[The Hop-by-Hop Options header was already found] (invalid)");
	else if (protocol == PROTO_HOP_BY_HOP && seen->any)
		buf_str(pr->to, "[The Hop-by-Hop Options header don't follow the IPv6 header] (invalid)");
	else
		return false;
	return true;
}

bool print_extensions(struct printer *pr, bool *ret_stop)
{
	const struct packet *p = pr->p;
	bool v6 = p->ip_version == 6;
	size_t header_len = v6 ? IPV6_HEADER_LEN : (size_t)(p->ip.p[0] & 15) * 4;
	uint32_t len = p->ip_total - (uint32_t)header_len;
	uint8_t protocol = p->ip.p[v6 ? 6 : 9];
	struct bytes b = p->ip;
	struct seen seen = { 0 };
	struct ip_extension x;

	bytes_skip(&b, header_len);
	while (v6 || protocol == PROTO_AH) {
		*ret_stop = print_misplaced(pr, protocol, &seen, len);
		if (*ret_stop)
			return true;
		if (!print_extension(pr, protocol, b, ret_stop))
			return false;
		if (*ret_stop || ip_extension_take(&b, protocol, &x) != DECODE_OK)
			return true;
		if (protocol == PROTO_HOP_BY_HOP && !p->ip_total) {
			buf_str(pr->to, "[No valid Jumbo Payload Hop-by-Hop option found] (invalid)");
			*ret_stop = true;
			return true;
		}
		seen.any = true;
		seen.hop_by_hop |= protocol == PROTO_HOP_BY_HOP;
		seen.ah |= protocol == PROTO_AH;
		len -= (uint32_t)x.header.len;
		protocol = x.next;
	}
	return true;
}
