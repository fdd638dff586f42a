/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/ppp.h"

#define PPPOE_HEADER_LEN 6
#define PPPOE_VERSION_TYPE 0x11

enum { ADDRESS_ALL = 0xff, ADDRESS_CISCO_UNICAST = 0x0f, ADDRESS_CISCO_BROADCAST = 0x8f, CONTROL_UI = 0x03 };

/* What a frame begins with; what is not captured is 0. */
static void peek(const struct rest *r, uint8_t *ret_first, uint8_t *ret_second)
{
	struct bytes b = r->b;

	*ret_first = *ret_second = 0;
	if (bytes_u8(&b, ret_first))
		bytes_u8(&b, ret_second);
}

/* IANA's PPP DLL protocol numbers. */
static uint32_t protocol_next(uint32_t protocol)
{
	switch (protocol) {
	case 0x0021:
		return ETHERTYPE_IPV4;
	case 0x0057:
		return ETHERTYPE_IPV6;
	case 0x0281:
		return ETHERTYPE_MPLS;
	case 0x0283:
		return ETHERTYPE_MPLS_UPSTREAM;
	default:
		return NEXT_NONE;
	}
}

static enum decode_result protocol_strip(struct rest *r)
{
	struct bytes header;
	uint8_t high = 0, low = 0;
	/* A protocol's last bit is 1, and its first byte's is 0. */
	bool compressed = r->b.len && (r->b.p[0] & 1);
	enum decode_result result = rest_take(r, compressed ? 1 : 2, &header);

	if (result != DECODE_OK)
		return result;
	if (!compressed)
		bytes_u8(&header, &high);
	bytes_u8(&header, &low);
	r->next = protocol_next((uint32_t)high << 8 | low);
	return DECODE_OK;
}

enum decode_result ppp_strip(struct rest *r, struct packet *p)
{
	struct bytes header;
	uint8_t address, control;

	peek(r, &address, &control);
	/* The first byte alone could be a protocol. */
	if (r->b.len == 1 && r->on_wire > 1)
		return DECODE_TRUNCATED;
	if ((address == ADDRESS_CISCO_UNICAST || address == ADDRESS_CISCO_BROADCAST) && !control)
		return hdlc_strip(r, p);
	if (address == ADDRESS_ALL && control == CONTROL_UI)
		rest_take(r, 2, &header);
	return protocol_strip(r);
}

enum decode_result pppd_strip(struct rest *r, struct packet *p)
{
	struct bytes header;
	uint8_t direction, control;

	peek(r, &direction, &control);
	if (direction <= 1 && control == CONTROL_UI)
		rest_take(r, 2, &header);
	r->next = NEXT_PPP;
	return DECODE_OK;
}

enum decode_result hdlc_strip(struct rest *r, struct packet *p)
{
	struct bytes header;
	uint8_t address, control;
	uint16_t ethertype = 0;
	enum decode_result result;

	peek(r, &address, &control);
	if (address == ADDRESS_ALL && control == CONTROL_UI) {
		rest_take(r, 2, &header);
		return protocol_strip(r);
	}
	result = rest_take(r, 4, &header);
	if (result != DECODE_OK)
		return result;
	bytes_skip(&header, 2);
	bytes_u16be(&header, &ethertype);
	r->next = ethertype;
	return DECODE_OK;
}

enum decode_result pppoe_strip(struct rest *r, struct packet *p)
{
	struct path_step step = { .kind = PATH_PPPOE, .has_id = true };
	struct bytes header;
	uint8_t version_type = 0, code = 0;
	uint16_t session = 0, len = 0;
	enum decode_result result = rest_take(r, PPPOE_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u8(&header, &version_type);
	bytes_u8(&header, &code);
	bytes_u16be(&header, &session);
	bytes_u16be(&header, &len);
	if (version_type != PPPOE_VERSION_TYPE || code)
		return DECODE_NOT_OURS;
	rest_cut(r, len);
	step.id = session;
	path_add(&p->path, &step);
	r->next = NEXT_PPP;
	return DECODE_OK;
}
