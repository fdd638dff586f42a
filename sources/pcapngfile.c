/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/pcapngfile.h"

#include <stdlib.h>

#include "util/duration.h"

/* Sections 4.1 to 4.4 and appendix A of the draft. */
enum { BLOCK_INTERFACE = 1, BLOCK_OLD_PACKET = 2, BLOCK_SIMPLE_PACKET = 3 };
#define BLOCK_SECTION 0x0a0d0d0au
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
enum { OPT_END = 0, OPT_COMMENT = 1, OPT_IF_TSRESOL = 9, OPT_IF_TSOFFSET = 14 };

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

#define FRAME_LEN 12 /* type and both lengths */
#define TIME_MAX (INT64_C(1) << 62)

/* Interfaces of all sections, in pieces that stay where they are. */
#define PIECE 256

struct pcapngfile {
	bool in_section, swapped;
	uint32_t base, n; /* of the section at hand */
	int linktype;
	bool one_time; /* its interfaces have the same units */
	struct pcapngfile_interface *pieces[PCAPNGFILE_INTERFACES_MAX / PIECE];
};

struct pcapngfile *pcapngfile_new(void)
{
	return calloc(1, sizeof(struct pcapngfile));
}

void pcapngfile_free(struct pcapngfile *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < sizeof(p->pieces) / sizeof(p->pieces[0]); i++)
		free(p->pieces[i]);
	free(p);
}

bool pcapngfile_is(struct bytes head)
{
	uint32_t type, magic;

	return bytes_u32(&head, false, &type) && type == BLOCK_SECTION && bytes_skip(&head, 4) &&
	       bytes_u32(&head, false, &magic) &&
	       (magic == BYTE_ORDER_MAGIC || magic == __builtin_bswap32(BYTE_ORDER_MAGIC));
}

bool pcapngfile_swapped(const struct pcapngfile *p)
{
	return p->swapped;
}

uint32_t pcapngfile_interfaces(const struct pcapngfile *p)
{
	return p->n;
}

bool pcapngfile_one_time(const struct pcapngfile *p)
{
	return p->n && p->one_time;
}

int pcapngfile_linktype(const struct pcapngfile *p)
{
	return p->n ? p->linktype : -1;
}

uint32_t pcapngfile_base(const struct pcapngfile *p)
{
	return p->base;
}

const struct pcapngfile_interface *pcapngfile_interface(const struct pcapngfile *p, uint32_t base, uint32_t id)
{
	return &p->pieces[(base + id) / PIECE][(base + id) % PIECE];
}

/* One option; false at the end of them, and where they contradict their own lengths. */
static bool option_next(struct bytes *b, bool swapped, uint16_t *ret_code, struct bytes *ret)
{
	uint16_t len;

	if (!bytes_u16(b, swapped, ret_code) || !bytes_u16(b, swapped, &len) || *ret_code == OPT_END ||
	    !bytes_take(b, len, ret))
		return false;
	bytes_skip(b, -(size_t)len & 3);
	return true;
}

bool pcapngfile_comment(struct bytes *options, bool swapped, struct bytes *ret)
{
	uint16_t code;

	while (option_next(options, swapped, &code, ret))
		if (code == OPT_COMMENT)
			return true;
	return false;
}

static enum pcapngfile_result damaged(struct pcapngfile_block *ret, const char *why)
{
	ret->why = why;
	return PCAPNGFILE_DAMAGED;
}

static enum pcapngfile_result take_section(struct pcapngfile *p, struct bytes body, struct pcapngfile_block *ret)
{
	uint16_t major;

	bytes_skip(&body, 4); /* the magic */
	if (!bytes_u16(&body, p->swapped, &major) || !bytes_skip(&body, 2 + 8))
		return damaged(ret, "a section header that is too short");
	if (major != 1)
		return damaged(ret, "a section of an unknown version of pcapng");
	p->in_section = true;
	p->base += p->n;
	p->n = 0;
	ret->kind = PCAPNGFILE_SECTION;
	ret->options = body;
	return PCAPNGFILE_OK;
}

static enum pcapngfile_result take_interface(struct pcapngfile *p, struct bytes body, struct pcapngfile_block *ret)
{
	struct pcapngfile_interface i = { .tsresol = 6 };
	struct bytes options, value;
	uint16_t linktype, code;
	uint32_t at = p->base + p->n;
	uint64_t offset;

	if (!bytes_u16(&body, p->swapped, &linktype) || !bytes_skip(&body, 2) ||
	    !bytes_u32(&body, p->swapped, &i.snaplen))
		return damaged(ret, "an interface description that is too short");
	if (at == PCAPNGFILE_INTERFACES_MAX)
		return damaged(ret, "more than 1048576 interfaces");
	i.linktype = linktype;
	for (options = body; option_next(&options, p->swapped, &code, &value);) {
		if (code == OPT_IF_TSRESOL)
			bytes_u8(&value, &i.tsresol);
		else if (code == OPT_IF_TSOFFSET && bytes_u64(&value, p->swapped, &offset))
			i.tsoffset = (int64_t)offset;
	}
	if (!p->pieces[at / PIECE])
		p->pieces[at / PIECE] = malloc(PIECE * sizeof(i));
	if (!p->pieces[at / PIECE])
		return damaged(ret, "an interface for which there is no memory");
	p->pieces[at / PIECE][at % PIECE] = i;
	p->one_time = !p->n || (p->one_time && i.tsresol == p->pieces[p->base / PIECE][p->base % PIECE].tsresol &&
				i.tsoffset == p->pieces[p->base / PIECE][p->base % PIECE].tsoffset);
	p->linktype = p->n && p->linktype != linktype ? -1 : linktype;
	p->n++;
	ret->kind = PCAPNGFILE_INTERFACE;
	ret->options = body;
	return PCAPNGFILE_OK;
}

/* After the captured bytes come those that pad them to 32 bits, then options. */
static bool take_frame(struct bytes *body, uint32_t caplen, struct pcapngfile_packet *ret)
{
	if (!bytes_take(body, caplen, &ret->frame))
		return false;
	if (!bytes_skip(body, -caplen & 3))
		body->len = 0;
	ret->options = *body;
	return true;
}

static bool enhanced_packet(struct bytes body, bool swapped, struct pcapngfile_packet *ret)
{
	uint32_t high, low, caplen;

	if (!bytes_u32(&body, swapped, &ret->interface) || !bytes_u32(&body, swapped, &high) ||
	    !bytes_u32(&body, swapped, &low) || !bytes_u32(&body, swapped, &caplen) ||
	    !bytes_u32(&body, swapped, &ret->len))
		return false;
	ret->has_time = true;
	ret->time = (uint64_t)high << 32 | low;
	return take_frame(&body, caplen, ret);
}

static bool old_packet(struct bytes body, bool swapped, struct pcapngfile_packet *ret)
{
	uint32_t high, low, caplen;
	uint16_t interface;

	if (!bytes_u16(&body, swapped, &interface) || !bytes_skip(&body, 2) || !bytes_u32(&body, swapped, &high) ||
	    !bytes_u32(&body, swapped, &low) || !bytes_u32(&body, swapped, &caplen) ||
	    !bytes_u32(&body, swapped, &ret->len))
		return false;
	ret->interface = interface;
	ret->has_time = true;
	ret->time = (uint64_t)high << 32 | low;
	return take_frame(&body, caplen, ret);
}

/* It states one length: what was captured of it is what the interface's limit left. */
static bool simple_packet(struct bytes body, bool swapped, uint32_t snaplen, struct pcapngfile_packet *ret)
{
	uint32_t caplen;

	if (!bytes_u32(&body, swapped, &ret->len))
		return false;
	caplen = snaplen && snaplen < ret->len ? snaplen : ret->len;
	return take_frame(&body, caplen, ret);
}

bool pcapngfile_packet(struct bytes block, bool swapped, uint32_t snaplen, struct pcapngfile_packet *ret)
{
	struct pcapngfile_packet packet = { .interface = 0 };
	struct bytes body;
	uint32_t type, len;
	bool is;

	if (!bytes_u32(&block, swapped, &type) || !bytes_u32(&block, swapped, &len) || len < FRAME_LEN ||
	    !bytes_take(&block, len - FRAME_LEN, &body))
		return false;
	switch (type) {
	case PCAPNGFILE_EPB:
		is = enhanced_packet(body, swapped, &packet);
		break;
	case BLOCK_OLD_PACKET:
		is = old_packet(body, swapped, &packet);
		break;
	case BLOCK_SIMPLE_PACKET:
		is = simple_packet(body, swapped, snaplen, &packet);
		break;
	default:
		return false;
	}
	if (is)
		*ret = packet;
	return is;
}

static enum pcapngfile_result take_packet(const struct pcapngfile *p, struct bytes block, struct pcapngfile_block *ret)
{
	if (!p->n)
		return damaged(ret, "a packet before any interface");
	if (!pcapngfile_packet(block, p->swapped, pcapngfile_interface(p, p->base, 0)->snaplen, &ret->packet))
		return damaged(ret, "a packet that is longer than its block");
	if (ret->packet.interface >= p->n)
		return damaged(ret, "a packet of an interface that is not described");
	ret->kind = PCAPNGFILE_PACKET;
	return PCAPNGFILE_OK;
}

/* A section says itself in which order its bytes are. */
static bool section_order(struct bytes b, bool *ret_swapped)
{
	uint32_t magic;

	if (!bytes_skip(&b, 8) || !bytes_u32(&b, false, &magic))
		return false;
	*ret_swapped = magic == __builtin_bswap32(BYTE_ORDER_MAGIC);
	return *ret_swapped || magic == BYTE_ORDER_MAGIC;
}

static bool is_looked_into(uint32_t type)
{
	return type == BLOCK_SECTION || type == BLOCK_INTERFACE || type == PCAPNGFILE_EPB || type == BLOCK_OLD_PACKET ||
	       type == BLOCK_SIMPLE_PACKET;
}

/* The block as a whole, when all of it is there, or need not be. */
static enum pcapngfile_result whole(const struct pcapngfile *p, struct bytes b, uint32_t type, uint32_t len,
				    struct pcapngfile_block *ret)
{
	struct bytes trailer = b;
	uint32_t again = 0;

	ret->len = len;
	if (len < FRAME_LEN || len % 4)
		return damaged(ret, "a block of an impossible length");
	/* A long one is never looked at as a whole: whether its end is at hand depends on how the file is read. */
	if (len > PCAPNGFILE_BLOCK_MAX)
		return is_looked_into(type) ? damaged(ret, "a block of an impossible length") : PCAPNGFILE_OK;
	if (b.len < len)
		return PCAPNGFILE_MORE;
	bytes_skip(&trailer, len - 4);
	bytes_u32(&trailer, p->swapped, &again);
	return again == len ? PCAPNGFILE_OK : damaged(ret, "a block whose two lengths differ");
}

enum pcapngfile_result pcapngfile_take(struct pcapngfile *p, struct bytes b, struct pcapngfile_block *ret)
{
	enum pcapngfile_result r;
	uint32_t type, len;
	struct bytes at = b, block, body;

	*ret = (struct pcapngfile_block){ .kind = PCAPNGFILE_OTHER };
	if (b.len < PCAPNGFILE_HEAD_LEN)
		return PCAPNGFILE_MORE;
	bytes_u32(&at, false, &type); /* a section's type is the same in both orders */
	if (type == BLOCK_SECTION) {
		if (!section_order(b, &p->swapped))
			return damaged(ret, "a section whose byte order is unknown");
	} else if (p->swapped) {
		type = __builtin_bswap32(type);
	}
	bytes_u32(&at, p->swapped, &len);
	r = whole(p, b, type, len, ret);
	if (r != PCAPNGFILE_OK || !is_looked_into(type) || !bytes_take(&b, len, &block))
		return r;
	body = bytes_of(block.p + 8, len - FRAME_LEN);
	if (type == BLOCK_SECTION)
		return take_section(p, body, ret);
	if (!p->in_section)
		return damaged(ret, "a block before any section");
	return type == BLOCK_INTERFACE ? take_interface(p, body, ret) : take_packet(p, block, ret);
}

static uint64_t power_of_ten(unsigned int n)
{
	uint64_t v = 1;

	while (n--)
		v *= 10;
	return v;
}

/* Seconds and the rest of them in ns; the units reach from seconds to far below what 64 bits can hold. */
static void split_time(uint8_t tsresol, uint64_t time, uint64_t *ret_s, uint64_t *ret_ns)
{
	unsigned int n = tsresol & 0x7f;
	uwide ns = 0;
	uint64_t unit;

	if (tsresol & 0x80) {
		*ret_s = n < 64 ? time >> n : 0;
		if (n < 64)
			ns = (uwide)(time - (*ret_s << n)) * NS_PER_S >> n;
		else if (n < 128)
			ns = (uwide)time * NS_PER_S >> n;
		*ret_ns = (uint64_t)ns;
		return;
	}
	if (n > 28) { /* 2^64 of them are less than a nanosecond */
		*ret_s = *ret_ns = 0;
		return;
	}
	if (n > 19) {
		*ret_s = 0;
		*ret_ns = time / power_of_ten(n - 9);
		return;
	}
	unit = power_of_ten(n);
	*ret_s = time / unit;
	*ret_ns = n > 9 ? time % unit / power_of_ten(n - 9) : time % unit * power_of_ten(9 - n);
}

int64_t pcapngfile_time_ns(const struct pcapngfile_interface *i, uint64_t time, bool *ret_odd)
{
	wide t;
	uint64_t s, ns;

	split_time(i->tsresol, time, &s, &ns);
	t = ((wide)s + i->tsoffset) * NS_PER_S + ns;
	*ret_odd = t < 0 || t >= TIME_MAX;
	return t < 0 ? 0 : t >= TIME_MAX ? TIME_MAX - 1 : (int64_t)t;
}
