/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/link.h"

#include "packet/ppp.h"
#include "packet/wifi.h"

#define SLL_HEADER_LEN 16
#define SLL2_HEADER_LEN 20

/* Linux puts a small number where 802.2 has no Ethernet type (linux/if_ether.h: ETH_P_802_2). */
static uint32_t sll_next(uint16_t protocol)
{
	return protocol == 4 ? NEXT_LLC : protocol;
}

static enum decode_result sll_strip(struct rest *r, struct packet *p)
{
	struct bytes header;
	uint16_t direction = 0, protocol = 0;
	enum decode_result result = rest_take(r, SLL_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u16be(&header, &direction);
	p->direction = direction <= UINT8_MAX ? (uint8_t)direction : UINT8_MAX;
	bytes_skip(&header, 12);
	bytes_u16be(&header, &protocol);
	r->next = sll_next(protocol);
	return DECODE_OK;
}

static enum decode_result sll2_strip(struct rest *r, struct packet *p)
{
	struct bytes header;
	uint16_t protocol = 0;
	enum decode_result result = rest_take(r, SLL2_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u16be(&header, &protocol);
	bytes_skip(&header, 2);
	bytes_u32be(&header, &p->if_index);
	bytes_skip(&header, 2);
	bytes_u8(&header, &p->direction);
	r->next = sll_next(protocol);
	return DECODE_OK;
}

/*
 * An address family in the byte order of the machine that captured, which is
 * not always this one's; LINK_LOOP is big-endian by definition but is met in
 * both orders too.  IPv6 has a number per system: Linux 10, NetBSD and OpenBSD
 * 24, FreeBSD 28, macOS 30.
 */
static enum decode_result family_strip(struct rest *r, struct packet *p)
{
	struct bytes header;
	uint32_t family = 0;
	enum decode_result result = rest_take(r, 4, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u32be(&header, &family);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	if (family == 2)
		r->next = ETHERTYPE_IPV4;
	else if (family == 10 || family == 24 || family == 28 || family == 30)
		r->next = ETHERTYPE_IPV6;
	else
		r->next = NEXT_NONE;
	return DECODE_OK;
}

/* A byte of direction before the header. */
static enum decode_result direction_strip(struct rest *r, struct packet *p)
{
	struct bytes direction;

	return rest_take(r, 1, &direction);
}

static enum decode_result ppi_link_strip(struct rest *r, struct packet *p)
{
	int inner = 0;
	enum decode_result result = ppi_strip(r, &inner);

	if (result != DECODE_OK)
		return result;
	/* Not one within the other, which would have no end. */
	return inner == LINK_PPI ? DECODE_NOT_OURS : link_strip(inner, r, p);
}

static const struct link {
	int linktype;
	uint32_t next; /* unless `strip` says otherwise */
	enum decode_result (*strip)(struct rest *r, struct packet *p);
} links[] = {
	{ LINK_ETHERNET, NEXT_ETHERNET, NULL },
	{ LINK_LINUX_SLL, NEXT_NONE, sll_strip },
	{ LINK_LINUX_SLL2, NEXT_NONE, sll2_strip },
	{ LINK_RAW, NEXT_ANY_IP, NULL },
	{ LINK_RAW_LIVE, NEXT_ANY_IP, NULL },
	{ LINK_RAW_OPENBSD, NEXT_ANY_IP, NULL },
	{ LINK_IPV4, NEXT_ANY_IP, NULL },
	{ LINK_IPV6, NEXT_ANY_IP, NULL },
	{ LINK_NULL, NEXT_NONE, family_strip },
	{ LINK_LOOP, NEXT_NONE, family_strip },
	{ LINK_PPP, NEXT_PPP, NULL },
	{ LINK_PPP_HDLC, NEXT_PPP, NULL },
	{ LINK_PPP_PPPD, NEXT_PPP, pppd_strip },
	{ LINK_PPP_WITH_DIR, NEXT_PPP, direction_strip },
	{ LINK_PPP_ETHER, ETHERTYPE_PPPOE, NULL },
	{ LINK_C_HDLC, NEXT_HDLC, NULL },
	{ LINK_C_HDLC_WITH_DIR, NEXT_HDLC, direction_strip },
	{ LINK_MPLS, ETHERTYPE_MPLS, NULL },
	{ LINK_WIFI, NEXT_WIFI, NULL },
	{ LINK_WIFI_RADIOTAP, NEXT_WIFI, radiotap_strip },
	{ LINK_WIFI_PRISM, NEXT_WIFI, prism_strip },
	{ LINK_WIFI_AVS, NEXT_WIFI, avs_strip },
	{ LINK_PPI, NEXT_NONE, ppi_link_strip },
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

enum decode_result link_strip(int linktype, struct rest *r, struct packet *p)
{
	const struct link *l = link_find(linktype);

	if (!l)
		return DECODE_NOT_OURS;
	r->next = l->next;
	return l->strip ? l->strip(r, p) : DECODE_OK;
}
