/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tunnel.h"

#define GRE_CHECKSUM 0x8000u
#define GRE_ROUTING 0x4000u
#define GRE_KEY 0x2000u
#define GRE_SEQUENCE 0x1000u
#define GRE_ACK 0x0080u /* version 1 */
#define GRE_VERSION 0x0007u

#define ERSPAN2_HEADER_LEN 8
#define ERSPAN3_HEADER_LEN 12
#define ERSPAN3_SUBHEADER_LEN 8

enum gre_type {
	GRE_WCCP = 0x883e,
	GRE_ERSPAN = 0x88be, /* type I, II */
	GRE_ERSPAN3 = 0x22eb,
};

struct gre {
	uint16_t flags, type;
	bool has_key;
	uint32_t key;
};

static enum decode_result header_take(struct rest *r, struct gre *ret)
{
	struct bytes b = r->b, header;
	struct gre g = { 0 };
	size_t len = 4;
	enum decode_result result;

	if (!bytes_u16be(&b, &g.flags) || !bytes_u16be(&b, &g.type))
		return rest_short(r, 4);
	if ((g.flags & GRE_ROUTING) || (g.flags & GRE_VERSION) > 1)
		return DECODE_NOT_OURS;
	len += g.flags & GRE_CHECKSUM ? 4 : 0;
	len += g.flags & GRE_KEY ? 4 : 0;
	len += g.flags & GRE_SEQUENCE ? 4 : 0;
	len += (g.flags & GRE_VERSION) && (g.flags & GRE_ACK) ? 4 : 0;
	result = rest_take(r, len, &header);
	if (result != DECODE_OK)
		return result;
	bytes_skip(&header, g.flags & GRE_CHECKSUM ? 8 : 4);
	g.has_key = g.flags & GRE_KEY;
	if (g.has_key)
		bytes_u32be(&header, &g.key);
	*ret = g;
	return DECODE_OK;
}

/* Version 2 puts a word of its own before the packet, with a first byte that no IPv4 header has. */
static enum decode_result wccp_strip(struct rest *r)
{
	struct bytes b = r->b, redirect;
	uint8_t first = 0;

	r->next = ETHERTYPE_IPV4;
	if (!bytes_u8(&b, &first))
		return rest_short(r, 1);
	return first >> 4 == 4 ? DECODE_OK : rest_take(r, 4, &redirect);
}

/* Type III also mirrors bare IP (frame type 2), and has a platform's own subheader (last bit). */
static enum decode_result erspan3_strip(struct rest *r, struct packet *p)
{
	struct bytes header, subheader;
	uint32_t first = 0, last = 0, frame_type;
	enum decode_result result = rest_take(r, ERSPAN3_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u32be(&header, &first);
	bytes_skip(&header, 4);
	bytes_u32be(&header, &last);
	frame_type = last >> 10 & 31;
	if (frame_type != 0 && frame_type != 2)
		return DECODE_NOT_OURS;
	if (last & 1) {
		result = rest_take(r, ERSPAN3_SUBHEADER_LEN, &subheader);
		if (result != DECODE_OK)
			return result;
	}
	tunnel_add(p, PATH_ERSPAN, true, first & 0x3ff);
	r->next = frame_type ? NEXT_ANY_IP : NEXT_ETHERNET;
	return DECODE_OK;
}

/* Type I is a bare frame, and GRE has no sequence number; the others begin with their version. */
static enum decode_result erspan_strip(struct rest *r, struct packet *p, const struct gre *g)
{
	struct bytes b = r->b, header;
	uint32_t first = 0;
	uint8_t version = 0;
	enum decode_result result;

	r->next = NEXT_ETHERNET;
	if (g->type == GRE_ERSPAN && !(g->flags & GRE_SEQUENCE)) {
		tunnel_add(p, PATH_ERSPAN, false, 0);
		return DECODE_OK;
	}
	if (!bytes_u8(&b, &version))
		return rest_short(r, 1);
	version >>= 4;
	if (version == 2)
		return erspan3_strip(r, p);
	if (version != 1 || g->type != GRE_ERSPAN)
		return DECODE_NOT_OURS;
	result = rest_take(r, ERSPAN2_HEADER_LEN, &header);
	if (result != DECODE_OK)
		return result;
	bytes_u32be(&header, &first);
	tunnel_add(p, PATH_ERSPAN, true, first & 0x3ff);
	return DECODE_OK;
}

enum decode_result gre_strip(struct rest *r, struct packet *p)
{
	struct gre g = { 0 };
	enum decode_result result = header_take(r, &g);

	if (result != DECODE_OK)
		return result;
	if (g.type == GRE_ERSPAN || g.type == GRE_ERSPAN3)
		return erspan_strip(r, p, &g);
	if (g.flags & GRE_VERSION) {
		/* PPTP: the key is the payload's length and the call; without a sequence number there is no payload. */
		if (g.type != ETHERTYPE_PPP || !g.has_key || !(g.flags & GRE_SEQUENCE))
			return DECODE_NOT_OURS;
		rest_cut(r, g.key >> 16);
		g.key &= 0xffff;
	}
	tunnel_add(p, PATH_GRE, g.has_key, g.key);
	r->next = g.type;
	return g.type == GRE_WCCP ? wccp_strip(r) : DECODE_OK;
}
