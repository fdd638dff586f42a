/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gencap.h"

#include <string.h>

#include "gencap_bytes.h"
#include "gencap_random.h"

static uint64_t sum16(const uint8_t *p, size_t n, uint64_t s)
{
	for (; n >= 8; p += 8, n -= 8) {
		uint32_t a, b;
		memcpy(&a, p, 4);
		memcpy(&b, p + 4, 4);
		s += (uint64_t)a + b;
	}
	for (; n >= 2; p += 2, n -= 2) {
		uint16_t a;
		memcpy(&a, p, 2);
		s += a;
	}
	if (n)
		s += *p;
	return s;
}

static uint16_t fold(uint64_t s) /* result is in memory order */
{
	s = (s & 0xffffffff) + (s >> 32);
	s = (s & 0xffffffff) + (s >> 32);
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static uint16_t ip_id;

static uint8_t *put_link(uint8_t *p, const struct flow *f, bool from_client)
{
	uint16_t type = f->v6 ? 0x86dd : 0x0800;

	switch (opt.link) {
	case LINK_RAW:
		return p;
	case LINK_SLL:
		be16(p, from_client ? 4 : 0);
		be16(p + 2, 1);
		be16(p + 4, 6);
		memcpy(p + 6, from_client ? "\x02\0\0\0\0\x01\0\0" : "\x02\0\0\0\0\x02\0\0", 8);
		be16(p + 14, type);
		return p + 16;
	case LINK_SLL2:
		be16(p, type);
		be16(p + 2, 0);
		be32(p + 4, 2);
		be16(p + 8, 1);
		p[10] = from_client ? 4 : 0;
		p[11] = 6;
		memcpy(p + 12, from_client ? "\x02\0\0\0\0\x01\0\0" : "\x02\0\0\0\0\x02\0\0", 8);
		return p + 20;
	default:
		memcpy(p, from_client ? "\x02\0\0\0\0\x02\x02\0\0\0\0\x01" : "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
		p += 12;
		if (f->outer_vlan) {
			be16(p, 0x88a8);
			be16(p + 2, f->outer_vlan);
			p += 4;
		}
		if (f->vlan) {
			be16(p, 0x8100);
			be16(p + 2, f->vlan);
			p += 4;
		}
		be16(p, type);
		return p + 2;
	}
}

static uint8_t *put_ip(uint8_t *p, bool v6, const uint8_t *src, const uint8_t *dst, uint8_t proto, uint32_t payload,
		       uint8_t ttl)
{
	if (v6) {
		be32(p, 0x60000000);
		be16(p + 4, payload);
		p[6] = proto;
		p[7] = ttl;
		memcpy(p + 8, src, 16);
		memcpy(p + 24, dst, 16);
		return p + 40;
	}
	be16(p, 0x4500);
	be16(p + 2, 20 + payload);
	be16(p + 4, ip_id++);
	be16(p + 6, 0x4000);
	p[8] = ttl;
	p[9] = proto;
	be16(p + 10, 0);
	memcpy(p + 12, src, 4);
	memcpy(p + 16, dst, 4);
	uint16_t c = fold(sum16(p, 20, 0));
	memcpy(p + 10, &c, 2);
	return p + 20;
}

static void l4_checksum(uint8_t *l4, size_t len, size_t at, bool v6, const uint8_t *src, const uint8_t *dst,
			uint8_t proto)
{
	size_t alen = v6 ? 16 : 4;
	uint8_t ph[8] = { 0, 0, (uint8_t)(len >> 8), (uint8_t)len, 0, 0, 0, proto };
	uint64_t s = sum16(ph, 8, sum16(src, alen, sum16(dst, alen, 0)));
	uint16_t c;

	l4[at] = l4[at + 1] = 0;
	c = fold(sum16(l4, len, s));
	memcpy(l4 + at, &c, 2);
}

static void fill_payload(uint8_t *p, uint32_t n, bool random_bytes)
{
	static const char words[] = "<div class=\"item\"><a href=\"/news/2024/index.html\">the connection was "
				    "established and the server sent a reply</a></div>\n{\"status\":200,\"name\":"
				    "\"example\",\"values\":[1,2,3,5,8,13,21,34]}\r\nContent-Type: text/html; "
				    "charset=utf-8\r\nCache-Control: max-age=3600\r\nVary: Accept-Encoding\r\n";
	uint64_t x = rnd() | 1;

	if (random_bytes) { /* as TLS records look */
		for (; n >= 8; p += 8, n -= 8) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			memcpy(p, &x, 8);
		}
		memcpy(p, &x, n);
		return;
	}
	while (n) { /* as plain HTTP looks: compresses about 4 to 1 */
		uint32_t k = 5 + (uint32_t)(x & 31), at = (uint32_t)((x >> 8) % (sizeof words - 40));
		if (k > n)
			k = n;
		memcpy(p, words + at, k);
		p += k;
		n -= k;
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
}

static uint8_t pkt[65536 + 128];

/* Build the TCP packet from its IP header on; returns its end. */
static uint8_t *put_tcp(uint8_t *p, struct flow *f, uint64_t t, bool from_client, unsigned flags, uint32_t seq,
			uint32_t ack, uint32_t payload)
{
	const uint8_t *src = from_client ? f->client : f->server;
	const uint8_t *dst = from_client ? f->server : f->client;
	uint32_t opts = 0;
	bool bare_rst = flags & RST;

	if (flags & SYN)
		opts = f->spoof ? 4 : 20;
	else if (!bare_rst && mix.tstamps)
		opts = 12;

	uint8_t *tcp = put_ip(p, f->v6, src, dst, 6, 20 + opts + payload, from_client ? 64 : 57);
	be16(tcp, from_client ? f->cport : f->sport);
	be16(tcp + 2, from_client ? f->sport : f->cport);
	be32(tcp + 4, seq);
	be32(tcp + 8, flags & ACK ? ack : 0);
	tcp[12] = (uint8_t)((20 + opts) / 4 << 4);
	tcp[13] = (uint8_t)flags;
	be16(tcp + 14, bare_rst ? 0 : flags & SYN ? 64240 : 501);
	be32(tcp + 16, 0);
	if (opts == 4) {
		be32(tcp + 20, 0x020405b4);
	} else if (opts) {
		uint8_t *o = tcp + 20;
		uint32_t now = f->tsbase + (uint32_t)(t / MSEC);
		if (flags & SYN) {
			be32(o, f->v6 ? 0x020405a0 : 0x020405b4); /* MSS */
			be16(o + 4, 0x0402);			  /* SACK permitted */
			be16(o + 6, 0x080a);
			be32(o + 8, now);
			be32(o + 12, flags & ACK ? now - 5 : 0);
			be32(o + 16, 0x01030307); /* window scale */
		} else {
			be32(o, 0x0101080a);
			be32(o + 4, now);
			be32(o + 8, now - 5);
		}
	}
	if (payload)
		fill_payload(tcp + 20 + opts, payload, f->random_payload);
	l4_checksum(tcp, 20 + opts + payload, 16, f->v6, src, dst, 6);
	return tcp + 20 + opts + payload;
}

void emit(struct flow *f, uint64_t t, bool from_client, unsigned flags, uint32_t seq, uint32_t ack, uint32_t payload)
{
	uint8_t *end = put_tcp(put_link(pkt, f, from_client), f, t, from_client, flags, seq, ack, payload);
	uint32_t len = (uint32_t)(end - pkt);

	if (opt.link == LINK_ETHER && len < 60) { /* Ethernet pads */
		memset(end, 0, 60 - len);
		len = 60;
	}
	if (flags & RST)
		truth.rst++;
	if (flags & FIN)
		truth.fin++;
	if (payload)
		truth.data++;
	write_packet(t, pkt, len);
}

void emit_icmp(struct flow *f, uint64_t t)
{
	static const uint8_t code4[I_NUM] = { 0, 1, 3, 13 }, code6[I_NUM] = { 0, 3, 4, 1 };
	uint8_t router[16], quoted[128];
	uint8_t *ip = put_link(pkt, f, false);
	uint32_t full = (uint32_t)(put_tcp(quoted, f, t, true, SYN | (f->ecn ? ECE | CWR : 0), f->cisn, 0, 0) - quoted);
	/* Old routers quote the IP header and 8 bytes, newer ones all of it. */
	uint32_t n = !f->v6 && (f->cisn & 1) ? 28 : full;

	memcpy(router, f->server, 16);
	if (f->icmp_kind != I_PORT)
		router[f->v6 ? 15 : 3] ^= 0x55;
	uint8_t *p = put_ip(ip, f->v6, router, f->client, f->v6 ? 58 : 1, 8 + n, 60);
	p[0] = f->v6 ? 1 : 3;
	p[1] = f->v6 ? code6[f->icmp_kind] : code4[f->icmp_kind];
	be32(p + 2, 0);
	be16(p + 6, 0);
	memcpy(p + 8, quoted, n);
	if (f->v6) {
		l4_checksum(p, 8 + n, 2, true, router, f->client, 58);
	} else {
		uint16_t c = fold(sum16(p, 8 + n, 0));
		memcpy(p + 2, &c, 2);
	}
	truth.icmp++;
	uint32_t len = (uint32_t)(p + 8 + n - pkt);
	if (opt.link == LINK_ETHER && len < 60) {
		memset(pkt + len, 0, 60 - len);
		len = 60;
	}
	write_packet(t, pkt, len);
}
