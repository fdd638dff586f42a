/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "made.h"

#include "packet/checksum.h"
#include "packet/ip.h"
#include "packet/rest.h"

#define EPB 6

static void add_be(struct buf *to, uint64_t v, int n)
{
	while (n--)
		buf_char(to, (char)(v >> n * 8));
}

void made_u16(struct buf *to, bool swapped, uint16_t v)
{
	v = swapped ? __builtin_bswap16(v) : v;
	buf_add(to, &v, sizeof(v));
}

void made_u32(struct buf *to, bool swapped, uint32_t v)
{
	v = swapped ? __builtin_bswap32(v) : v;
	buf_add(to, &v, sizeof(v));
}

void made_u64(struct buf *to, bool swapped, uint64_t v)
{
	v = swapped ? __builtin_bswap64(v) : v;
	buf_add(to, &v, sizeof(v));
}

void made_zeros(struct buf *to, size_t n)
{
	while (n--)
		buf_char(to, 0);
}

static void add_bytes(struct buf *to, struct bytes b)
{
	buf_add(to, b.p, b.len);
}

void made_pcap_header(struct buf *to, const struct made_pcap *p)
{
	made_u32(to, p->swapped, p->magic);
	made_u16(to, p->swapped, 2);
	made_u16(to, p->swapped, 4);
	made_u64(to, p->swapped, 0);
	made_u32(to, p->swapped, 262144);
	made_u32(to, p->swapped, p->linktype);
}

void made_pcap_record(struct buf *to, const struct made_pcap *p, struct made_time t, struct bytes frame, uint32_t cut)
{
	made_u32(to, p->swapped, t.s);
	made_u32(to, p->swapped, t.parts);
	made_u32(to, p->swapped, (uint32_t)frame.len);
	made_u32(to, p->swapped, (uint32_t)frame.len + cut);
	if (p->magic == 0xa1b2cd34u)
		made_zeros(to, 8);
	add_bytes(to, frame);
}

void made_block(struct buf *to, bool swapped, uint32_t type, struct bytes body)
{
	uint32_t len = (uint32_t)(12 + (body.len + 3) / 4 * 4);

	made_u32(to, swapped, type);
	made_u32(to, swapped, len);
	add_bytes(to, body);
	made_zeros(to, -body.len & 3);
	made_u32(to, swapped, len);
}

/* Makes a block of what was gathered, and empties it. */
static void end_block(struct buf *to, bool swapped, uint32_t type, struct buf *body)
{
	made_block(to, swapped, type, made_bytes(body));
	buf_fini(body);
}

void made_section(struct buf *to, bool swapped, struct bytes options)
{
	struct buf body = { 0 };

	made_u32(&body, swapped, 0x1a2b3c4d);
	made_u16(&body, swapped, 1);
	made_u16(&body, swapped, 0);
	made_u64(&body, swapped, UINT64_MAX);
	add_bytes(&body, options);
	end_block(to, swapped, 0x0a0d0d0a, &body);
}

void made_interface(struct buf *to, bool swapped, uint16_t linktype, uint32_t snaplen, struct bytes options)
{
	struct buf body = { 0 };

	made_u16(&body, swapped, linktype);
	made_u16(&body, swapped, 0);
	made_u32(&body, swapped, snaplen);
	add_bytes(&body, options);
	end_block(to, swapped, 1, &body);
}

void made_option(struct buf *to, bool swapped, uint16_t code, struct bytes value)
{
	made_u16(to, swapped, code);
	made_u16(to, swapped, (uint16_t)value.len);
	add_bytes(to, value);
	made_zeros(to, -value.len & 3);
}

/* Time, both lengths, and the captured bytes. */
static void add_packet(struct buf *body, bool swapped, uint64_t time, struct bytes frame)
{
	made_u32(body, swapped, (uint32_t)(time >> 32));
	made_u32(body, swapped, (uint32_t)time);
	made_u32(body, swapped, (uint32_t)frame.len);
	made_u32(body, swapped, (uint32_t)frame.len);
	add_bytes(body, frame);
	made_zeros(body, -frame.len & 3);
}

void made_epb(struct buf *to, bool swapped, uint32_t interface, uint64_t time, struct bytes frame, struct bytes options)
{
	struct buf body = { 0 };

	made_u32(&body, swapped, interface);
	add_packet(&body, swapped, time, frame);
	add_bytes(&body, options);
	end_block(to, swapped, EPB, &body);
}

void made_old_packet(struct buf *to, bool swapped, uint16_t interface, uint64_t time, struct bytes frame)
{
	struct buf body = { 0 };

	made_u16(&body, swapped, interface);
	made_u16(&body, swapped, 7); /* drops */
	add_packet(&body, swapped, time, frame);
	end_block(to, swapped, 2, &body);
}

void made_simple_packet(struct buf *to, bool swapped, uint32_t len, struct bytes frame)
{
	struct buf body = { 0 };

	made_u32(&body, swapped, len);
	add_bytes(&body, frame);
	end_block(to, swapped, 3, &body);
}

static uint16_t ethertype(const struct made_frame *f)
{
	return f->version == 4 ? ETHERTYPE_IPV4 : f->version == 6 ? ETHERTYPE_IPV6 : 0x0806;
}

static void add_link(struct buf *to, const struct made_frame *f)
{
	uint16_t first = f->vlans > 1 ? ETHERTYPE_QINQ : f->vlans ? ETHERTYPE_VLAN : ethertype(f);
	int i;

	if (f->linktype == LINK_ETHERNET) {
		add_be(to, 0x020000000001, 6);
		add_be(to, 0x020000000002, 6);
		add_be(to, first, 2);
	} else if (f->linktype == LINK_LINUX_SLL) {
		add_be(to, 4, 2); /* from us */
		add_be(to, 1, 2); /* Ethernet */
		add_be(to, 6, 2);
		add_be(to, 0x0200000000010000, 8);
		add_be(to, first, 2);
	} else if (f->linktype == LINK_LINUX_SLL2) {
		add_be(to, first, 2);
		add_be(to, 0, 2);
		add_be(to, 3, 4);
		add_be(to, 772, 2); /* loopback */
		add_be(to, 0, 2);
		made_zeros(to, 8);
	} else if (f->linktype == LINK_NULL) {
		made_u32(to, false, f->version == 4 ? 2 : 10);
		return;
	} else {
		return;
	}
	for (i = 0; i < f->vlans; i++) {
		add_be(to, (uint64_t)(0x6000 + 10 * (i + 1)), 2);
		add_be(to, i + 1 < f->vlans ? ETHERTYPE_VLAN : ethertype(f), 2);
	}
}

static void add_tcp(struct buf *to, const struct made_frame *f)
{
	add_be(to, f->sport, 2);
	add_be(to, f->dport, 2);
	add_be(to, f->seq, 4);
	add_be(to, f->ack, 4);
	add_be(to, (uint64_t)(5 + 3 * f->timestamps + f->options.len / 4) << 12 | f->flags, 2);
	add_be(to, 64240, 2);
	add_be(to, 0, 4);
	if (f->timestamps) {
		add_be(to, 0x0101080a, 4);
		add_be(to, f->seq * 3 + 1, 4);
		add_be(to, 0, 4);
	}
	add_bytes(to, f->options);
	made_zeros(to, f->payload);
}

static void add_transport(struct buf *to, const struct made_frame *f)
{
	if (f->protocol == PROTO_TCP) {
		add_tcp(to, f);
		return;
	}
	if (f->protocol == PROTO_UDP) {
		add_be(to, f->sport, 2);
		add_be(to, f->dport, 2);
		add_be(to, 8 + f->payload, 2);
		add_be(to, 0, 2);
	} else {
		add_be(to, f->flags, 1); /* the type, where it has one */
		made_zeros(to, 7);
	}
	made_zeros(to, f->payload);
}

static void add_address(struct buf *to, int version, uint8_t host)
{
	if (version == 4)
		add_be(to, 0x0a000000u | host, 4);
	else
		add_be(to, 0xfd00000000000000u, 8), add_be(to, host, 8);
}

static void add_ip(struct buf *to, const struct made_frame *f, uint32_t len)
{
	if (f->version == 4) {
		add_be(to, 0x4500, 2);
		add_be(to, 20 + len, 2);
		add_be(to, f->seq & 0xffff, 2);
		add_be(to, 0x4000, 2);
		add_be(to, 64, 1);
		add_be(to, f->protocol, 1);
		add_be(to, 0, 2);
	} else {
		add_be(to, 0x60000000u | (f->seq & 0xfffff), 4);
		add_be(to, len, 2);
		add_be(to, f->protocol, 1);
		add_be(to, 63, 1);
	}
	add_address(to, f->version, f->host_src);
	add_address(to, f->version, f->host_dst);
}

/* The checksum field of the segment that ends the frame, with the pseudo header before it. */
static void set_checksum(struct buf *to, const struct made_frame *f, uint32_t len)
{
	uint8_t *l4 = (uint8_t *)to->data + to->len - len;
	size_t addresses = f->version == 4 ? 8 : 32;
	const uint8_t tail[4] = { 0, PROTO_TCP, (uint8_t)(len >> 8), (uint8_t)len };
	uint64_t sum = checksum_add(0, bytes_of(l4 - addresses, addresses));
	uint16_t v;

	sum = checksum_add(sum, bytes_of(tail, sizeof(tail)));
	v = checksum_fold(sum);
	if (!f->partial)
		v = (uint16_t)~checksum_fold(checksum_add(sum, bytes_of(l4, len)));
	memcpy(l4 + 16, &v, sizeof(v));
}

void made_frame(struct buf *to, const struct made_frame *f)
{
	struct buf l4 = { 0 };

	add_link(to, f);
	if (f->version) {
		add_transport(&l4, f);
		add_ip(to, f, (uint32_t)l4.len);
		buf_add(to, buf_text(&l4), l4.len);
		if (f->protocol == PROTO_TCP)
			set_checksum(to, f, (uint32_t)l4.len);
	} else {
		add_be(to, 0x0001080006040001, 8);
		made_zeros(to, 20);
	}
	buf_fini(&l4);
}
