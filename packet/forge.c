/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/forge.h"

#include "packet/checksum.h"
#include "packet/ip.h"
#include "packet/rest.h"

#define ETHERNET_LEN 14
#define IP4_LEN 20
#define IP6_LEN 40
#define TCP_LEN 20
#define ICMP_LEN 8
#define IP4_ERROR_MAX 576
#define IP6_ERROR_MAX 1280
#define TTL 64
#define WINDOW 65535
#define MSS4 1460
#define MSS6 1440

/* A frame that grows; FORGE_LEN_MAX bytes are enough for each that is made here. */
struct frame {
	uint8_t *p;
	size_t len;
};

static void put(struct frame *f, const void *data, size_t len)
{
	memcpy(f->p + f->len, data, len);
	f->len += len;
}

static void put_be(struct frame *f, uint64_t v, int bytes)
{
	while (bytes--)
		f->p[f->len++] = (uint8_t)(v >> bytes * 8);
}

static size_t addr_len(const struct packet *p)
{
	return p->ip_version == 4 ? 4 : 16;
}

/* The transport header comes right after the IP header. */
static bool is_unchained(const struct packet *p)
{
	struct bytes b = p->ip;
	uint8_t protocol;

	if (p->ip_version == 6)
		return p->l4.p == p->ip.p + IP6_LEN;
	return bytes_skip(&b, 9) && bytes_u8(&b, &protocol) && protocol == PROTO_TCP;
}

bool forge_is_plain(const struct packet *p)
{
	if (p->linktype != LINK_ETHERNET || p->event.kind != EVENT_SEGMENT || p->path.n || p->vlans || p->ip_fragment ||
	    p->more_fragments || p->source_routed)
		return false;
	return p->ip.p == p->frame.p + ETHERNET_LEN && is_unchained(p);
}

uint32_t forge_right_ack(const struct packet *p)
{
	const struct event_segment *s = &p->event.segment;

	return s->seq + s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
}

static void put_ethernet(struct frame *f, const struct packet *p)
{
	put(f, p->frame.p + 6, 6);
	put(f, p->frame.p, 6);
	put_be(f, p->ip_version == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, 2);
}

/* The IP header of an answer from that address, which has `len` bytes after it. */
static void put_ip(struct frame *f, const struct packet *p, const struct addr *from, uint8_t protocol, size_t len)
{
	size_t at = f->len;
	uint16_t sum;

	if (p->ip_version == 4) {
		put_be(f, 0x4500, 2);
		put_be(f, IP4_LEN + len, 2);
		put_be(f, 0x4000, 4); /* identification 0, don't fragment */
		put_be(f, (uint64_t)TTL << 8 | protocol, 2);
		put_be(f, 0, 2);
	} else {
		put_be(f, 0x60000000, 4);
		put_be(f, len, 2);
		put_be(f, (uint64_t)protocol << 8 | TTL, 2);
	}
	put(f, from->b, addr_len(p));
	put(f, p->src.b, addr_len(p));
	if (p->ip_version == 4) {
		sum = (uint16_t)~checksum_fold(checksum_add(0, bytes_of(f->p + at, IP4_LEN)));
		memcpy(f->p + at + 10, &sum, sizeof(sum));
	}
}

/* Fills in the checksum, 0 so far, at `at` of the `len` bytes that end the frame.  pseudo: with the pseudo header of
 * that protocol before them; 0: without. */
static void seal(struct frame *f, const struct packet *p, size_t len, size_t at, uint8_t pseudo)
{
	const uint8_t tail[8] = { 0, 0, (uint8_t)(len >> 8), (uint8_t)len, 0, 0, 0, pseudo };
	uint8_t *body = f->p + f->len - len;
	uint64_t sum = 0;
	uint16_t v;

	if (pseudo) {
		sum = checksum_add(sum, bytes_of(body - 2 * addr_len(p), 2 * addr_len(p)));
		sum = checksum_add(sum, bytes_of(tail, sizeof(tail)));
	}
	v = (uint16_t)~checksum_fold(checksum_add(sum, bytes_of(body, len)));
	memcpy(body + at, &v, sizeof(v));
}

static void put_tcp(struct frame *f, const struct packet *p, uint32_t seq, uint32_t ack, uint64_t words_flags)
{
	put_be(f, p->event.segment.dst.port, 2);
	put_be(f, p->event.segment.src.port, 2);
	put_be(f, seq, 4);
	put_be(f, ack, 4);
	put_be(f, words_flags, 2);
}

size_t forge_rst(const struct packet *p, uint32_t ack, uint8_t to[FORGE_LEN_MAX])
{
	struct frame f = { .p = to };

	put_ethernet(&f, p);
	put_ip(&f, p, &p->dst, PROTO_TCP, TCP_LEN);
	put_tcp(&f, p, 0, ack, 5 << 12 | TCP_RST | TCP_ACK);
	put_be(&f, 0, 6); /* window, checksum, urgent pointer */
	seal(&f, p, TCP_LEN, 16, PROTO_TCP);
	return f.len;
}

size_t forge_syn_ack(const struct packet *p, uint32_t seq, uint32_t ack, uint8_t to[FORGE_LEN_MAX])
{
	struct frame f = { .p = to };

	put_ethernet(&f, p);
	put_ip(&f, p, &p->dst, PROTO_TCP, TCP_LEN + 4);
	put_tcp(&f, p, seq, ack, 6 << 12 | TCP_SYN | TCP_ACK);
	put_be(&f, WINDOW, 2);
	put_be(&f, 0, 4);
	put_be(&f, 0x0204, 2);
	put_be(&f, p->ip_version == 4 ? MSS4 : MSS6, 2);
	seal(&f, p, TCP_LEN + 4, 16, PROTO_TCP);
	return f.len;
}

size_t forge_icmp(const struct packet *p, const struct forge_icmp *i, uint8_t to[FORGE_LEN_MAX])
{
	size_t room = p->ip_version == 4 ? IP4_ERROR_MAX - IP4_LEN : IP6_ERROR_MAX - IP6_LEN;
	size_t quoted = p->ip.len < room - ICMP_LEN ? p->ip.len : room - ICMP_LEN;
	bool v4 = p->ip_version == 4;
	struct frame f = { .p = to };

	put_ethernet(&f, p);
	put_ip(&f, p, i->from.family ? &i->from : &p->dst, v4 ? PROTO_ICMP : PROTO_ICMPV6, ICMP_LEN + quoted);
	put_be(&f, (uint64_t)i->type << 8 | i->code, 2);
	put_be(&f, 0, 2);
	put_be(&f, i->rest, 4);
	put(&f, p->ip.p, quoted);
	seal(&f, p, ICMP_LEN + quoted, 2, v4 ? 0 : PROTO_ICMPV6);
	return f.len;
}
