/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/ip.h"
#include "packet/tcpdump_print.h"

#define GRE_CHECKSUM 0x8000u
#define GRE_KEY 0x2000u
#define GRE_SEQUENCE 0x1000u
#define GRE_ACK 0x0080u
#define GRE_VERSION 0x0007u

/* The flags, the lowest first, as tcpdump names them; "none" for none. */
static void print_bits(struct buf *to, uint8_t flags, const char *const names[8])
{
	int i;

	for (i = 7; i >= 0; i--) {
		if (flags >> i & 1)
			buf_str(to, names[i]);
	}
	if (!flags)
		buf_str(to, "none");
}

static bool print_gre(struct printer *pr)
{
	struct bytes b = pr->tunnel->b;
	uint16_t flags = 0, type = 0;
	uint32_t word = 0;
	bool v1;

	bytes_u16be(&b, &flags);
	bytes_u16be(&b, &type);
	v1 = flags & GRE_VERSION;
	buf_fmt(pr->to, "GREv%d", v1);
	if (flags & GRE_CHECKSUM) {
		bytes_u32be(&b, &word);
		if (!v1)
			buf_fmt(pr->to, ", off 0x%x", word & 0xffff);
	}
	if (flags & GRE_KEY) {
		bytes_u32be(&b, &word);
		if (v1)
			buf_fmt(pr->to, ", call %u", word & 0xffff);
		else
			buf_fmt(pr->to, ", key=0x%x", word);
	}
	if (flags & GRE_SEQUENCE) {
		bytes_u32be(&b, &word);
		buf_fmt(pr->to, ", seq %u", word);
	}
	if (v1 && (flags & GRE_ACK)) {
		bytes_u32be(&b, &word);
		buf_fmt(pr->to, ", ack %u", word);
	}
	buf_fmt(pr->to, ", length %u: ", pr->tunnel->on_wire);
	return v1 ? !(flags & GRE_CHECKSUM)
		  : type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6 || type == ETHERTYPE_TEB || type == ETHERTYPE_MPLS;
}

/* Linux's port of old is OTV's, whose header is of the same form. */
static bool print_vxlan(struct printer *pr, struct bytes b, bool otv)
{
	uint32_t first = 0, second = 0;

	bytes_u32be(&b, &first);
	bytes_u32be(&b, &second);
	buf_fmt(pr->to, "%s, flags [I] (0x%02x), ", otv ? "OTV" : "VXLAN", first >> 24);
	if (otv)
		buf_fmt(pr->to, "overlay %u, instance %u\n", first & 0xffffff, second >> 8);
	else
		buf_fmt(pr->to, "vni %u\n", second >> 8);
	return true;
}

static bool print_gpe(struct printer *pr, struct bytes b)
{
	static const char *const flags[8] = { "O", "B", "P", "I", "", "", "", "" };
	uint32_t first = 0, vni = 0;
	uint8_t next;

	bytes_u32be(&b, &first);
	bytes_u32be(&b, &vni);
	next = first & 0xff;
	buf_str(pr->to, "VXLAN-GPE, flags [");
	print_bits(pr->to, (uint8_t)(first >> 24), flags);
	buf_fmt(pr->to, "], vni %u: ", vni >> 8);
	return next >= 1 && next <= 3;
}

static bool print_geneve(struct printer *pr, struct bytes b)
{
	static const char *const names[8] = { "R6", "R5", "R4", "R3", "R2", "R1", "C", "O" };
	uint8_t words = 0, flags = 0;
	uint32_t vni = 0;

	bytes_u8(&b, &words);
	bytes_u8(&b, &flags);
	bytes_skip(&b, 2);
	bytes_u32be(&b, &vni);
	buf_str(pr->to, "Geneve, Flags [");
	print_bits(pr->to, flags, names);
	buf_fmt(pr->to, "], vni 0x%x", vni >> 8);
	if (vni & 0xff)
		buf_fmt(pr->to, ", rsvd 0x%x", vni & 0xff);
	if (words)
		buf_fmt(pr->to, ", options [%u bytes]", words * 4u);
	buf_str(pr->to, ": ");
	return true;
}

static bool print_udp(struct printer *pr, bool ports_only)
{
	struct bytes b = pr->tunnel->b;
	char src[ADDR_TEXT_LEN], dst[ADDR_TEXT_LEN];
	uint16_t sport = 0, dport = 0, len = 0;

	bytes_u16be(&b, &sport);
	bytes_u16be(&b, &dport);
	bytes_u16be(&b, &len);
	bytes_skip(&b, 2);
	if (ports_only)
		buf_fmt(pr->to, "%u > %u: ", sport, dport);
	else
		buf_fmt(pr->to, "%s.%u > %s.%u: ", addr_format(&pr->p->src, src), sport, addr_format(&pr->p->dst, dst),
			dport);
	if (!len)
		return false;
	switch (dport) {
	case 4789:
	case 8472:
		return print_vxlan(pr, b, dport == 8472);
	case 4790:
		return print_gpe(pr, b);
	case 6081:
		return print_geneve(pr, b);
	default:
		return false;
	}
}

bool print_tunnel(struct printer *pr, bool ports_only)
{
	switch (pr->tunnel->next - NEXT_IN_IP) {
	case PROTO_GRE:
		return print_gre(pr);
	case PROTO_UDP:
		return print_udp(pr, ports_only);
	default:
		return true;
	}
}
