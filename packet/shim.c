/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/shim.h"

#define ETHERNET_HEADER_LEN 14
#define ETHERNET_TYPE_AT 12
#define LLC_LEN_MAX 1500 /* what is more is a type */
#define LLC_HEADER_LEN 3
#define SNAP_HEADER_LEN 5
#define OUI_ETHERTYPE 0x000000u
#define OUI_BRIDGE_TUNNEL 0x0000f8u /* IEEE 802.1H */
#define CONTROL_WORD_LEN 4

enum { LSAP_IP = 0x06, LSAP_SNAP = 0xaa, LLC_UI = 0x03 };

static uint32_t type_or_length(uint16_t v)
{
	return v <= LLC_LEN_MAX ? NEXT_LLC : v;
}

enum decode_result ethernet_strip(struct rest *r, struct packet *p)
{
	struct bytes header;
	uint16_t type = 0;
	enum decode_result result = rest_take(r, ETHERNET_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_skip(&header, ETHERNET_TYPE_AT);
	bytes_u16be(&header, &type);
	r->next = type_or_length(type);
	return DECODE_OK;
}

enum decode_result vlan_strip(struct rest *r, struct packet *p)
{
	struct path_step step = { .kind = PATH_VLAN, .has_id = true };
	struct bytes header;
	uint16_t tag = 0, type = 0;
	enum decode_result result = rest_take(r, 4, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u16be(&header, &tag);
	bytes_u16be(&header, &type);
	step.id = tag & 0xfff;
	path_add(&p->path, &step);
	if (!p->path.n_tunnels && p->vlans < UINT8_MAX)
		p->vlans++;
	r->next = type_or_length(type);
	return DECODE_OK;
}

enum decode_result llc_strip(struct rest *r, struct packet *p)
{
	struct bytes header, snap;
	uint8_t dsap = 0, ssap = 0, control = 0;
	uint16_t oui_high = 0, type = 0;
	uint8_t oui_low = 0;
	uint32_t oui;
	enum decode_result result = rest_take(r, LLC_HEADER_LEN, &header);

	if (result != DECODE_OK)
		return result;
	bytes_u8(&header, &dsap);
	bytes_u8(&header, &ssap);
	bytes_u8(&header, &control);
	r->next = ETHERTYPE_IPV4;
	if (dsap == LSAP_IP && ssap == LSAP_IP && control == LLC_UI)
		return DECODE_OK;
	if (dsap != LSAP_SNAP || ssap != LSAP_SNAP || control != LLC_UI)
		return DECODE_NOT_OURS;
	result = rest_take(r, SNAP_HEADER_LEN, &snap);
	if (result != DECODE_OK)
		return result;
	bytes_u16be(&snap, &oui_high);
	bytes_u8(&snap, &oui_low);
	bytes_u16be(&snap, &type);
	oui = (uint32_t)oui_high << 8 | oui_low;
	r->next = type;
	return oui == OUI_ETHERTYPE || oui == OUI_BRIDGE_TUNNEL ? DECODE_OK : DECODE_NOT_OURS;
}

/* Not by the addresses, which can be anything, but by a type that is ours and what must follow it. */
static bool is_ethernet(struct bytes b)
{
	uint16_t type;
	uint8_t first;

	if (!bytes_skip(&b, ETHERNET_TYPE_AT) || !bytes_u16be(&b, &type))
		return false;
	if (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ)
		return true;
	if (!bytes_u8(&b, &first))
		return false;
	return (type == ETHERTYPE_IPV4 && first >= 0x45 && first <= 0x4f) ||
	       (type == ETHERTYPE_IPV6 && first >> 4 == 6);
}

static enum decode_result below_labels(struct rest *r)
{
	struct bytes first = r->b, b = r->b, word;
	uint8_t nibble = 0;

	if (!bytes_u8(&first, &nibble))
		return rest_short(r, 1);
	nibble >>= 4;
	if (nibble == 4 || nibble == 6) {
		r->next = nibble == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
		return DECODE_OK;
	}
	if (r->b.len < CONTROL_WORD_LEN + ETHERNET_HEADER_LEN + 1 && r->b.len < r->on_wire)
		return DECODE_TRUNCATED;
	r->next = NEXT_ETHERNET;
	/* In this order: a tagged frame looks like an untagged one behind four bytes, and hardly ever the other way. */
	if (nibble != 1 && is_ethernet(b))
		return DECODE_OK;
	if (!nibble && bytes_skip(&b, CONTROL_WORD_LEN) && is_ethernet(b))
		return rest_take(r, CONTROL_WORD_LEN, &word);
	return DECODE_NOT_OURS;
}

enum decode_result mpls_strip(struct rest *r, struct packet *p)
{
	struct path_step step = { .kind = PATH_MPLS, .has_id = true };
	struct bytes header;
	uint32_t entry = 0;
	enum decode_result result;

	while (!(entry & 0x100)) {
		result = rest_take(r, 4, &header);
		if (result != DECODE_OK)
			return result;
		bytes_u32be(&header, &entry);
		step.id = entry >> 12;
		path_add(&p->path, &step);
	}
	return below_labels(r);
}

enum decode_result pbb_strip(struct rest *r, struct packet *p)
{
	struct bytes tag;

	r->next = NEXT_ETHERNET;
	return rest_take(r, 4, &tag);
}

enum decode_result cisco_strip(struct rest *r, struct packet *p)
{
	struct bytes b = r->b, header;
	uint8_t version = 0, n_options = 0;
	uint16_t type = 0;
	enum decode_result result;

	if (!bytes_u8(&b, &version) || !bytes_u8(&b, &n_options))
		return rest_short(r, 2);
	if (version != 1)
		return DECODE_NOT_OURS;
	result = rest_take(r, 2 + (size_t)n_options * 4 + 2, &header);
	if (result != DECODE_OK)
		return result;
	bytes_skip(&header, header.len - 2);
	bytes_u16be(&header, &type);
	r->next = type;
	return DECODE_OK;
}
