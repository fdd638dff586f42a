/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/link.h"

static bool ethernet_strip(struct bytes *b, struct packet *p, uint16_t *ret_ethertype)
{
	return bytes_skip(b, 12) && bytes_u16be(b, ret_ethertype);
}

static bool sll_strip(struct bytes *b, struct packet *p, uint16_t *ret_ethertype)
{
	uint16_t direction;

	if (!bytes_u16be(b, &direction))
		return false;
	p->direction = direction <= UINT8_MAX ? (uint8_t)direction : UINT8_MAX;
	return bytes_skip(b, 12) && bytes_u16be(b, ret_ethertype);
}

static bool sll2_strip(struct bytes *b, struct packet *p, uint16_t *ret_ethertype)
{
	return bytes_u16be(b, ret_ethertype) && bytes_skip(b, 2) && bytes_u32be(b, &p->if_index) && bytes_skip(b, 2) &&
	       bytes_u8(b, &p->direction) && bytes_skip(b, 9);
}

/*
 * An address family in the byte order of the machine that captured, which is
 * not always this one's; LINK_LOOP is big-endian by definition but is met in
 * both orders too.  IPv6 has a number per system: Linux 10, NetBSD and OpenBSD
 * 24, FreeBSD 28, macOS 30.
 */
static bool family_strip(struct bytes *b, struct packet *p, uint16_t *ret_ethertype)
{
	uint32_t family;

	if (!bytes_u32be(b, &family))
		return false;
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	if (family == 2)
		*ret_ethertype = ETHERTYPE_IPV4;
	else if (family == 10 || family == 24 || family == 28 || family == 30)
		*ret_ethertype = ETHERTYPE_IPV6;
	else
		*ret_ethertype = UINT16_MAX; /* reserved: none of ours */
	return true;
}

static bool raw_strip(struct bytes *b, struct packet *p, uint16_t *ret_ethertype)
{
	*ret_ethertype = ETHERTYPE_ANY_IP;
	return true;
}

static const struct link {
	int linktype;
	bool (*strip)(struct bytes *b, struct packet *p, uint16_t *ret_ethertype);
} links[] = {
	{ LINK_ETHERNET, ethernet_strip }, { LINK_LINUX_SLL, sll_strip }, { LINK_LINUX_SLL2, sll2_strip },
	{ LINK_RAW, raw_strip },	   { LINK_RAW_LIVE, raw_strip },  { LINK_IPV4, raw_strip },
	{ LINK_IPV6, raw_strip },	   { LINK_NULL, family_strip },	  { LINK_LOOP, family_strip },
};

static const struct link *link_find(int linktype)
{
	size_t i;

	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (links[i].linktype == linktype)
			return &links[i];
	}
	return NULL;
}

bool linktype_is_decoded(int linktype)
{
	return link_find(linktype);
}

static bool is_vlan_tag(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ || ethertype == ETHERTYPE_QINQ_9100 ||
	       ethertype == ETHERTYPE_QINQ_9200;
}

enum decode_result link_strip(int linktype, struct bytes *b, struct packet *ret, uint16_t *ret_ethertype)
{
	const struct link *l = link_find(linktype);

	if (!l)
		return DECODE_NOT_OURS;
	if (!l->strip(b, ret, ret_ethertype))
		return DECODE_TRUNCATED;
	/* Each tag takes four bytes, so the frame bounds the depth. */
	while (is_vlan_tag(*ret_ethertype)) {
		if (!bytes_skip(b, 2) || !bytes_u16be(b, ret_ethertype))
			return DECODE_TRUNCATED;
		if (ret->vlans < UINT8_MAX)
			ret->vlans++;
	}
	return DECODE_OK;
}
