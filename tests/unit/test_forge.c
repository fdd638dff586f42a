/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "packet/checksum.h"
#include "packet/forge.h"
#include "packet/ip.h"
#include "tests/unit/made.h"

#define ISN 0xfffffff0u

/* Whatever is made is decoded again, and whole. */
struct answer {
	uint8_t bytes[FORGE_LEN_MAX + 64];
	size_t len;
	struct packet p;
};

static struct made_frame syn_of(int version)
{
	return (struct made_frame){ .linktype = LINK_ETHERNET,
				    .version = version,
				    .protocol = PROTO_TCP,
				    .host_src = 1,
				    .host_dst = 2,
				    .sport = 40000,
				    .dport = 80,
				    .seq = ISN,
				    .flags = TCP_SYN };
}

static void decode_made(const struct made_frame *m, struct buf *frame, struct packet *ret)
{
	buf_reset(frame);
	made_frame(frame, m);
	assert_int_equal(decode_frame(LINK_ETHERNET, made_bytes(frame), ret), DECODE_OK);
}

/* The sum over n bytes at p, with a pseudo header of that protocol; 0xffff: the checksum in them is right. */
static uint16_t sum_of(const struct packet *p, struct bytes b, uint8_t protocol)
{
	const uint8_t tail[4] = { 0, protocol, (uint8_t)(b.len >> 8), (uint8_t)b.len };
	size_t n = p->ip_version == 4 ? 4 : 16;
	uint64_t sum = 0;

	if (protocol) {
		sum = checksum_add(checksum_add(sum, bytes_of(p->src.b, n)), bytes_of(p->dst.b, n));
		sum = checksum_add(sum, bytes_of(tail, sizeof(tail)));
	}
	return checksum_fold(checksum_add(sum, b));
}

static void check_answer(struct answer *a, const struct packet *to, const char *from)
{
	char text[ADDR_TEXT_LEN];

	assert_true(a->len <= FORGE_LEN_MAX);
	assert_int_equal(decode_frame(LINK_ETHERNET, bytes_of(a->bytes, a->len), &a->p), DECODE_OK);
	assert_int_equal(a->p.ip_total, a->len - 14);
	assert_memory_equal(a->bytes, to->frame.p + 6, 6);
	assert_memory_equal(a->bytes + 6, to->frame.p, 6);
	assert_string_equal(addr_format(&a->p.src, text), from);
	assert_true(addr_equal(&a->p.dst, &to->src));
	if (a->p.ip_version == 4)
		assert_int_equal(sum_of(&a->p, bytes_of(a->p.ip.p, 20), 0), 0xffff);
}

static void check_segment(struct answer *a, const struct packet *to, uint16_t flags, uint32_t seq, uint32_t ack)
{
	const struct event_segment *s = &a->p.event.segment;

	check_answer(a, to, to->ip_version == 4 ? "10.0.0.2" : "fd00::2");
	assert_int_equal(a->p.event.kind, EVENT_SEGMENT);
	assert_int_equal(sum_of(&a->p, a->p.l4, PROTO_TCP), 0xffff);
	assert_int_equal(s->flags, flags);
	assert_int_equal(s->seq, seq);
	assert_int_equal(s->ack, ack);
	assert_int_equal(s->len, 0);
	assert_true(endpoint_equal(&s->src, &to->event.segment.dst));
	assert_true(endpoint_equal(&s->dst, &to->event.segment.src));
}

static void resets(void **state)
{
	static const int versions[] = { 4, 6 };
	struct buf frame = { 0 };
	struct made_frame m;
	struct answer a;
	struct packet p;
	size_t i;

	for (i = 0; i < 2; i++) {
		m = syn_of(versions[i]);
		decode_made(&m, &frame, &p);
		assert_true(forge_is_plain(&p));
		assert_int_equal(forge_right_ack(&p), ISN + 1);
		a.len = forge_rst(&p, ISN + 1, a.bytes);
		check_segment(&a, &p, TCP_RST | TCP_ACK, 0, ISN + 1);
		/* Data in a SYN (Fast Open) is acknowledged, too, over the end of the numbers. */
		m.payload = 100;
		decode_made(&m, &frame, &p);
		assert_int_equal(forge_right_ack(&p), 0x55);
	}
	buf_fini(&frame);
}

static void syn_acks(void **state)
{
	static const int versions[] = { 4, 6 };
	struct buf frame = { 0 };
	struct tcp_options it;
	struct tcp_option o;
	struct made_frame m;
	struct answer a;
	struct packet p;
	uint16_t mss;
	size_t i;

	for (i = 0; i < 2; i++) {
		m = syn_of(versions[i]);
		decode_made(&m, &frame, &p);
		a.len = forge_syn_ack(&p, 0xdeadbeef, 77, a.bytes);
		check_segment(&a, &p, TCP_SYN | TCP_ACK, 0xdeadbeef, 77);
		tcp_options_init(&it, a.p.l4);
		assert_true(tcp_options_next(&it, &o) && o.kind == 2 && bytes_u16be(&o.data, &mss));
		assert_int_equal(mss, versions[i] == 4 ? 1460 : 1440);
		assert_false(tcp_options_next(&it, &o));
	}
	buf_fini(&frame);
}

static void icmp_of(const struct made_frame *m, struct forge_icmp *i, const char *from, size_t quoted)
{
	struct buf frame = { 0 };
	const struct event_icmp *e;
	struct answer a;
	struct packet p;
	struct bytes rest;
	uint32_t word = 0;

	decode_made(m, &frame, &p);
	a.len = forge_icmp(&p, i, a.bytes);
	check_answer(&a, &p, from);
	e = &a.p.event.icmp;
	assert_int_equal(a.p.event.kind, EVENT_ICMP);
	assert_int_equal(sum_of(&a.p, a.p.l4, m->version == 4 ? 0 : PROTO_ICMPV6), 0xffff);
	assert_int_equal(e->family, m->version);
	assert_int_equal(e->type, i->type);
	assert_int_equal(e->code, i->code);
	assert_true(e->has_seq);
	assert_int_equal(e->quoted_seq, m->seq);
	assert_true(endpoint_equal(&e->flow.client, &p.event.segment.src));
	assert_true(endpoint_equal(&e->flow.server, &p.event.segment.dst));
	rest = a.p.l4;
	assert_true(bytes_skip(&rest, 4) && bytes_u32be(&rest, &word));
	assert_int_equal(word, i->rest);
	assert_int_equal(rest.len, quoted);
	assert_memory_equal(rest.p, p.ip.p, quoted);
	buf_fini(&frame);
}

static void icmps(void **state)
{
	struct made_frame m4 = syn_of(4), m6 = syn_of(6);
	struct forge_icmp i = { .type = 3, .code = 1 };

	m4.timestamps = m6.timestamps = true;
	icmp_of(&m4, &i, "10.0.0.2", 20 + 32);
	i.type = 1;
	icmp_of(&m6, &i, "fd00::2", 40 + 32);
	i = (struct forge_icmp){ .type = 3, .code = 4, .rest = 1280 };
	assert_int_equal(addr_parse("192.0.2.1", &i.from), 0);
	m4.payload = 1400;
	icmp_of(&m4, &i, "192.0.2.1", 576 - 28);
	i = (struct forge_icmp){ .type = 2, .rest = 1280 };
	assert_int_equal(addr_parse("2001:db8::1", &i.from), 0);
	m6.payload = 1399;
	icmp_of(&m6, &i, "2001:db8::1", 1280 - 48);
}

static void plain(void **state)
{
	struct made_frame m = syn_of(4);
	struct buf frame = { 0 };
	struct packet p;

	decode_made(&m, &frame, &p);
	assert_true(forge_is_plain(&p));
	frame.data[14 + 6] = 0x20; /* more fragments */
	decode_frame(LINK_ETHERNET, made_bytes(&frame), &p);
	assert_false(forge_is_plain(&p));
	m.vlans = 1;
	decode_made(&m, &frame, &p);
	assert_false(forge_is_plain(&p));
	m = syn_of(0);
	buf_reset(&frame);
	made_frame(&frame, &m);
	decode_frame(LINK_ETHERNET, made_bytes(&frame), &p);
	assert_false(forge_is_plain(&p));
	buf_fini(&frame);
}

/* All offers, at even and odd places. */
static const uint8_t all_options[] = { 1, 4,	2,    8,    10,	  1,	2,    3,    4, 0, 0, 0, 0, 30, 4,    0, 1, 34,
				       2, 0xfe, 0x06, 0xf9, 0x89, 0xaa, 0xbb, 0xfe, 4, 0, 1, 3, 3, 7,  0xfe, 2, 1, 1 };

static void check_stripped(const struct made_frame *m, enum forge_offer o)
{
	struct buf frame = { 0 }, before = { 0 };
	enum forge_offer other;
	struct packet p;
	size_t i;

	decode_made(m, &frame, &p);
	buf_add(&before, frame.data, frame.len);
	assert_true(forge_offers(&p, o));
	assert_true(forge_strip((uint8_t *)frame.data, &p, o, m->partial));
	assert_false(forge_offers(&p, o)); /* without decoding it again */
	assert_int_equal(decode_frame(LINK_ETHERNET, made_bytes(&frame), &p), DECODE_OK);
	for (other = 0; other < OFFER_N; other++)
		assert_int_equal(forge_offers(&p, other), other != o);
	assert_false(p.event.segment.bad_checksum);
	if (m->partial)
		assert_memory_equal(frame.data + frame.len - p.l4.len + 16, before.data + before.len - p.l4.len + 16,
				    2);
	else
		assert_int_equal(sum_of(&p, p.l4, PROTO_TCP), 0xffff);
	for (i = p.l4.p - p.frame.p + 20u; i < frame.len; i++)
		assert_true(frame.data[i] == before.data[i] || (o != OFFER_ECN && frame.data[i] == 1));
	assert_false(forge_strip((uint8_t *)frame.data, &p, o, m->partial));
	buf_fini(&frame);
	buf_fini(&before);
}

static void strips(void **state)
{
	enum forge_offer o;
	struct made_frame m;
	int k;

	for (k = 0; k < 8; k++) {
		m = syn_of(k & 1 ? 6 : 4);
		m.options = bytes_of(all_options, sizeof(all_options));
		m.flags |= TCP_ECE | TCP_CWR | TCP_AE;
		m.partial = k & 2;
		m.payload = k & 4 ? 3 : 0;
		for (o = 0; o < OFFER_N; o++)
			check_stripped(&m, o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resets), cmocka_unit_test(syn_acks), cmocka_unit_test(icmps),
		cmocka_unit_test(plain),  cmocka_unit_test(strips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
