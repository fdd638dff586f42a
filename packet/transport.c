/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/transport.h"

#include "packet/checksum.h"
#include "packet/ip.h"

#define TCP_HEADER_LEN 20
#define TCP_NEEDED 16 /* up to the window */
#define ICMP_HEADER_LEN 8
#define TCP_OPTION_TIMESTAMPS 8

static void timestamps_read(struct bytes l4, struct event_segment *s)
{
	struct tcp_options it;
	struct tcp_option o;

	tcp_options_init(&it, l4);
	while (!s->has_ts && tcp_options_next(&it, &o)) {
		if (o.kind == TCP_OPTION_TIMESTAMPS && o.len == 10)
			s->has_ts = bytes_u32be(&o.data, &s->tsval) && bytes_u32be(&o.data, &s->tsecr);
	}
}

enum decode_result tcp_decode(struct packet *p)
{
	struct event_segment s = { .ttl = p->ttl, .src.addr = p->src, .dst.addr = p->dst };
	struct bytes b = p->l4;
	uint16_t offset_flags;
	uint32_t header_len;

	/* A first fragment too small for the header, too: nothing sends that in earnest (RFC 3128). */
	if (p->l4_stated < TCP_HEADER_LEN)
		return DECODE_MALFORMED;
	if (b.len < TCP_NEEDED)
		return DECODE_TRUNCATED;
	bytes_u16be(&b, &s.src.port);
	bytes_u16be(&b, &s.dst.port);
	bytes_u32be(&b, &s.seq);
	bytes_u32be(&b, &s.ack);
	bytes_u16be(&b, &offset_flags);
	bytes_u16be(&b, &s.window);
	s.flags = offset_flags & 0x1ff;
	header_len = (uint32_t)(offset_flags >> 12) * 4;
	if (header_len < TCP_HEADER_LEN)
		return DECODE_MALFORMED;
	/* A first fragment may end in the options, as a capture may. */
	if (header_len > p->l4_stated && !p->more_fragments)
		return DECODE_MALFORMED;
	s.len = p->l4_stated > header_len ? p->l4_stated - header_len : 0;
	s.bad_checksum = checksum_tcp_is_bad(p);
	timestamps_read(p->l4, &s);
	p->event.segment = s;
	p->event.kind = EVENT_SEGMENT;
	return DECODE_OK;
}

/* An error of that family at p->l4: what it quotes is after 8 bytes. */
static enum decode_result error_decode(struct packet *p, uint8_t family, uint8_t type, uint8_t code)
{
	struct event_icmp e = { .from = p->src, .family = family, .type = type, .code = code };
	struct packet quoted = { 0 };
	struct bytes b = p->l4;
	enum decode_result r;

	/* A quotation too short to tell anything: the capture's doing or the sender's? */
	enum decode_result too_short = p->l4.len < p->l4_stated ? DECODE_TRUNCATED : DECODE_MALFORMED;

	if (p->l4_stated < ICMP_HEADER_LEN || !bytes_skip(&b, ICMP_HEADER_LEN))
		return too_short;
	r = ip_decode(b, p->l4_stated - ICMP_HEADER_LEN, IP_QUOTED, &quoted);
	if (r != DECODE_OK)
		return r == DECODE_TRUNCATED ? too_short : r;
	if (quoted.protocol != PROTO_TCP)
		return DECODE_NOT_OURS;
	e.flow.client.addr = quoted.src;
	e.flow.server.addr = quoted.dst;
	if (!bytes_u16be(&quoted.l4, &e.flow.client.port) || !bytes_u16be(&quoted.l4, &e.flow.server.port))
		return too_short;
	e.has_seq = bytes_u32be(&quoted.l4, &e.quoted_seq);
	p->event.icmp = e;
	p->event.kind = EVENT_ICMP;
	return DECODE_OK;
}

/* types: a bit for each type that is an error. */
static enum decode_result message_decode(struct packet *p, uint8_t family, uint32_t types)
{
	struct bytes b = p->l4;
	uint8_t type, code;

	if (!bytes_u8(&b, &type) || !bytes_u8(&b, &code))
		return p->l4_stated < ICMP_HEADER_LEN ? DECODE_MALFORMED : DECODE_TRUNCATED;
	if (type > 31 || !(types >> type & 1))
		return DECODE_NOT_OURS;
	return error_decode(p, family, type, code);
}

enum decode_result icmp_decode(struct packet *p)
{
	/* unreachable, source quench, redirect, time exceeded, parameter problem */
	return message_decode(p, 4, 1u << 3 | 1u << 4 | 1u << 5 | 1u << 11 | 1u << 12);
}

enum decode_result icmpv6_decode(struct packet *p)
{
	/* unreachable, packet too big, time exceeded, parameter problem */
	return message_decode(p, 6, 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4);
}
