/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/wifi.h"

#define WIFI_HEADER_LEN 24
#define ADDRESS_LEN 6
#define PRISM_HEADER_LEN 144
#define AVS_HEADER_LEN 64
#define PPI_HEADER_LEN 8
#define RADIOTAP_HEADER_LEN 8
#define SUBFRAME_HEADER_LEN 14
#define AVS_MAGIC 0x80211000u /* a version in the last byte */

/* The first byte of frame control: version, type, subtype; the second: flags. */
enum {
	VERSION_TYPE = 0x0f,
	TYPE_DATA = 0x08,
	SUBTYPE_NO_DATA = 0x40,
	SUBTYPE_QOS = 0x80,
	FLAG_TO_DS = 0x01,
	FLAG_FROM_DS = 0x02,
	FLAG_PROTECTED = 0x40,
	FLAG_ORDER = 0x80, /* HT control follows QoS */
	QOS_AMSDU = 0x80,
};

#define RADIOTAP_HAS_TSFT 0x00000001u
#define RADIOTAP_HAS_FLAGS 0x00000002u
#define RADIOTAP_MORE 0x80000000u
#define RADIOTAP_PADDED 0x20 /* a flag */

static uint16_t from_le16(uint16_t v)
{
	return (uint16_t)(v >> 8 | v << 8);
}

enum decode_result wifi_strip(struct rest *r, struct packet *p)
{
	struct bytes header, b = r->b;
	uint8_t kind = 0, flags = 0, sequence = 0, qos = 0;
	size_t len = WIFI_HEADER_LEN;
	enum decode_result result;

	if (!bytes_u8(&b, &kind) || !bytes_u8(&b, &flags))
		return rest_short(r, 2);
	if ((kind & VERSION_TYPE) != TYPE_DATA || (kind & SUBTYPE_NO_DATA) || (flags & FLAG_PROTECTED))
		return DECODE_NOT_OURS;
	if ((flags & FLAG_TO_DS) && (flags & FLAG_FROM_DS))
		len += ADDRESS_LEN;
	if (kind & SUBTYPE_QOS)
		len += flags & FLAG_ORDER ? 6 : 2;
	if (r->next == NEXT_WIFI_PADDED)
		len = (len + 3) & ~(size_t)3;
	result = rest_take(r, len, &header);
	if (result != DECODE_OK)
		return result;
	b = header;
	bytes_skip(&b, WIFI_HEADER_LEN - 2);
	bytes_u8(&b, &sequence);
	if (sequence & 0x0f)
		return DECODE_NOT_OURS;
	bytes_skip(&b, (flags & FLAG_TO_DS) && (flags & FLAG_FROM_DS) ? 1 + ADDRESS_LEN : 1);
	if (kind & SUBTYPE_QOS)
		bytes_u8(&b, &qos);
	r->next = NEXT_LLC;
	return qos & QOS_AMSDU ? rest_take(r, SUBFRAME_HEADER_LEN, &header) : DECODE_OK;
}

/* Skips to a multiple of n bytes from the header's start. */
static bool align(struct bytes *b, const struct bytes *header, size_t n)
{
	size_t at = header->len - b->len;

	return bytes_skip(b, (n - at % n) % n);
}

/* Which fields are there is a chain of words of bits; flags come first or second. */
static bool radiotap_is_padded(struct bytes header)
{
	struct bytes b = header;
	uint32_t present = 0, more = 0;
	uint8_t flags = 0;

	bytes_skip(&b, 4);
	if (!bytes_u32be(&b, &present))
		return false;
	present = more = __builtin_bswap32(present);
	while (more & RADIOTAP_MORE) {
		if (!bytes_u32be(&b, &more))
			return false;
		more = __builtin_bswap32(more);
	}
	if ((present & RADIOTAP_HAS_TSFT) && (!align(&b, &header, 8) || !bytes_skip(&b, 8)))
		return false;
	return (present & RADIOTAP_HAS_FLAGS) && bytes_u8(&b, &flags) && (flags & RADIOTAP_PADDED);
}

enum decode_result radiotap_strip(struct rest *r, struct packet *p)
{
	struct bytes b = r->b, header;
	uint16_t len = 0;
	enum decode_result result;

	if (!bytes_skip(&b, 2) || !bytes_u16be(&b, &len))
		return rest_short(r, RADIOTAP_HEADER_LEN);
	len = from_le16(len);
	if (len < RADIOTAP_HEADER_LEN)
		return DECODE_MALFORMED;
	result = rest_take(r, len, &header);
	r->next = result == DECODE_OK && radiotap_is_padded(header) ? NEXT_WIFI_PADDED : NEXT_WIFI;
	return result;
}

enum decode_result avs_strip(struct rest *r, struct packet *p)
{
	struct bytes b = r->b, header;
	uint32_t magic = 0, len = 0;

	if (!bytes_u32be(&b, &magic) || !bytes_u32be(&b, &len))
		return rest_short(r, AVS_HEADER_LEN);
	if ((magic & ~0xffu) != AVS_MAGIC || len < AVS_HEADER_LEN)
		return DECODE_MALFORMED;
	return rest_take(r, len, &header);
}

enum decode_result prism_strip(struct rest *r, struct packet *p)
{
	struct bytes b = r->b, header;
	uint32_t magic = 0;

	if (bytes_u32be(&b, &magic) && (magic & ~0xffu) == AVS_MAGIC)
		return avs_strip(r, p);
	return rest_take(r, PRISM_HEADER_LEN, &header);
}

enum decode_result ppi_strip(struct rest *r, int *ret_linktype)
{
	struct bytes b = r->b, header;
	uint16_t len = 0;
	uint32_t linktype = 0;

	if (!bytes_skip(&b, 2) || !bytes_u16be(&b, &len) || !bytes_u32be(&b, &linktype))
		return rest_short(r, PPI_HEADER_LEN);
	len = from_le16(len);
	linktype = __builtin_bswap32(linktype);
	if (len < PPI_HEADER_LEN)
		return DECODE_MALFORMED;
	*ret_linktype = linktype <= INT32_MAX ? (int)linktype : -1;
	return rest_take(r, len, &header);
}
