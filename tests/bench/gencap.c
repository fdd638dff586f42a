/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gencap - deterministic generator of TCP packet captures.
 *
 * Writes a capture (pcap with micro- or nanosecond stamps, or pcapng) of a
 * chosen size and mix, and the ground truth about every TCP connection
 * attempt in it (JSON totals; optionally one CSV line per attempt), so that a
 * reader of captures can be timed and checked on the same file.
 *
 * Everything follows from the seed: the same arguments give the same bytes.
 *
 * Mixes
 *   web       established flows of full-size segments; ~1 % of the packets
 *             are SYN or SYN-ACK; a share of the attempts fails (refused,
 *             ICMP unreachable, timed out, abandoned, half-open, reset)
 *   synflood  SYNs from random sources, nearly all unanswered, with a few
 *             SYN-ACKs (and their retransmissions) and a few real clients
 *   smallpkt  64-byte packets of flows that were open before the capture,
 *             plus a thin stream of new attempts
 *
 * How time is modelled: each flow is a small script with exactly one next
 * event; a 4-ary heap orders all flows by time, so packets come out in strict
 * time order.  SYNs are retransmitted on the Linux schedule: the exponential
 * one (0 1 3 7 15 31 63 s) or the one of Linux >= 6.5 with
 * tcp_syn_linear_timeouts = 4 (0 1 2 3 4 5 7 s).  After the last arrival the
 * scripts are run to their end, and a long-lived flow keeps the clock of the
 * capture moving until the outcome of every attempt is decided.
 *
 * It stands alone, in one file: cc -D_GNU_SOURCE -O2 -o gencap gencap.c -lm
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NSEC 1000000000ULL
#define MSEC 1000000ULL
#define USEC 1000ULL

static void die(const char *what)
{
	fprintf(stderr, "gencap: %s: %s\n", what, errno ? strerror(errno) : "failed");
	exit(1);
}

/* ------------------------------------------------------------------ random */

static uint64_t rng_state;

static inline uint64_t rnd(void) /* splitmix64 */
{
	uint64_t z = (rng_state += 0x9E3779B97F4A7C15ULL);
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

static inline uint32_t below(uint32_t n)
{
	return (uint32_t)(((rnd() >> 32) * n) >> 32);
}

static inline double unit(void)
{
	return (double)(rnd() >> 11) * 0x1p-53;
}

static inline bool chance(double p)
{
	return unit() < p;
}

static inline double expo(double mean)
{
	return -mean * log(1.0 - unit());
}

/* ----------------------------------------------------------------- options */

enum format { PCAP_US, PCAP_NS, PCAPNG };
enum link { LINK_ETHER = 1, LINK_RAW = 101, LINK_SLL = 113, LINK_SLL2 = 276 };

static struct {
	const char *mix, *out, *truth, *csv;
	uint64_t size, seed;
	enum format format;
	enum link link;
	uint32_t snaplen;
	double duration;
	bool swap;
} opt = { .mix = "web",
	  .out = NULL,
	  .size = 100u << 20,
	  .seed = 1,
	  .format = PCAP_US,
	  .link = LINK_ETHER,
	  .snaplen = 262144 };

/* What a mix is made of; the shares of outcomes sum to 1. */
static struct {
	double p_v6, p_vlan;
	double p_refused, p_icmp, p_timeout, p_abandon, p_halfopen, p_reset;
	double p_lost;	       /* chance that each further SYN is lost first */
	double p_synack_again; /* established, but the SYN-ACK came twice */
	double p_bogus;	       /* a reply with a wrong ACK number comes first */
	double mean_segs;      /* data segments per established flow */
	uint32_t mss4, mss6;   /* payload bytes of a full segment */
	bool tstamps;	       /* TCP timestamps on data */
	uint32_t midstream;    /* flows that were open before the capture */
	double mid_gap;	       /* seconds between packets of such a flow */
	double p_spoof;	       /* share of arrivals that are spoofed SYNs */
	double p_spoof_answer; /* share of these that get a SYN-ACK */
	double rate;	       /* arrivals per second */
} mix;

/* ------------------------------------------------------------------- truth */

enum outcome { O_EST, O_REFUSED, O_ICMP, O_TIMEOUT, O_ABANDON, O_HALFOPEN, O_RESET, O_NUM };
static const char *const outcome_name[O_NUM] = { "established", "refused",   "icmp_unreachable", "timed_out",
						 "abandoned",	"half_open", "reset_by_client" };
enum icmp_kind { I_NET, I_HOST, I_PORT, I_ADMIN, I_NUM };
static const char *const icmp_name[I_NUM] = { "net", "host", "port", "admin" };

static struct {
	uint64_t packets, wire_bytes, file_bytes, syn, syn_retrans, synack, synack_retrans;
	uint64_t rst, fin, icmp, data, bogus, attempts, outcome[O_NUM], icmp_kind[I_NUM];
	uint64_t unanswered_by_syns[16], established_by_syns[16];
	uint64_t open, max_open, ecn_syn, v6_attempts, vlan_attempts, reused_tuple;
	uint64_t first_ts, last_ts;
} truth;

static FILE *csv;

/* ------------------------------------------------------------------ output */

#define OUTBUF (4u << 20)
static uint8_t *outbuf;
static size_t outlen;
static int outfd;

static void flush_out(void)
{
	size_t done = 0;
	while (done < outlen) {
		ssize_t n = write(outfd, outbuf + done, outlen - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("write");
		done += (size_t)n;
	}
	outlen = 0;
}

static inline uint8_t *reserve(size_t n)
{
	if (outlen + n > OUTBUF)
		flush_out();
	uint8_t *p = outbuf + outlen;
	outlen += n;
	truth.file_bytes += n;
	return p;
}

static inline void h32(uint8_t *p, uint32_t v) /* in the byte order of the file */
{
	if (opt.swap)
		v = __builtin_bswap32(v);
	memcpy(p, &v, 4);
}

static inline void h16(uint8_t *p, uint16_t v)
{
	if (opt.swap)
		v = __builtin_bswap16(v);
	memcpy(p, &v, 2);
}

static inline void be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void be32(uint8_t *p, uint32_t v)
{
	be16(p, v >> 16);
	be16(p + 2, v & 0xffff);
}

static void write_file_header(void)
{
	if (opt.format != PCAPNG) {
		uint8_t *p = reserve(24);
		h32(p, opt.format == PCAP_NS ? 0xa1b23c4d : 0xa1b2c3d4);
		h16(p + 4, 2);
		h16(p + 6, 4);
		h32(p + 8, 0);
		h32(p + 12, 0);
		h32(p + 16, opt.snaplen);
		h32(p + 20, opt.link);
		return;
	}
	uint8_t *p = reserve(28); /* section header block */
	h32(p, 0x0A0D0D0A);
	h32(p + 4, 28);
	h32(p + 8, 0x1A2B3C4D);
	h16(p + 12, 1);
	h16(p + 14, 0);
	memset(p + 16, 0xff, 8); /* section length unknown */
	h32(p + 24, 28);
	p = reserve(32); /* interface description, if_tsresol = 10^-9 */
	h32(p, 1);
	h32(p + 4, 32);
	h16(p + 8, (uint16_t)opt.link);
	h16(p + 10, 0);
	h32(p + 12, opt.snaplen);
	h16(p + 16, 9);
	h16(p + 18, 1);
	memcpy(p + 20, "\x09\0\0\0", 4);
	h32(p + 24, 0); /* opt_endofopt */
	h32(p + 28, 32);
}

static void write_packet(uint64_t t, const uint8_t *pkt, uint32_t len)
{
	uint32_t cap = len < opt.snaplen ? len : opt.snaplen;

	if (!truth.packets)
		truth.first_ts = t;
	truth.last_ts = t;
	truth.packets++;
	truth.wire_bytes += len;
	if (opt.format == PCAPNG) {
		uint32_t pad = (4 - (cap & 3)) & 3, total = 32 + cap + pad;
		uint8_t *p = reserve(total);
		h32(p, 6);
		h32(p + 4, total);
		h32(p + 8, 0);
		h32(p + 12, (uint32_t)(t >> 32));
		h32(p + 16, (uint32_t)t);
		h32(p + 20, cap);
		h32(p + 24, len);
		memcpy(p + 28, pkt, cap);
		memset(p + 28 + cap, 0, pad);
		h32(p + 28 + cap + pad, total);
		return;
	}
	uint8_t *p = reserve(16 + cap);
	h32(p, (uint32_t)(t / NSEC));
	h32(p + 4, (uint32_t)(opt.format == PCAP_NS ? t % NSEC : t % NSEC / 1000));
	h32(p + 8, cap);
	h32(p + 12, len);
	memcpy(p + 16, pkt, cap);
}

/* ------------------------------------------------------------------- flows */

enum step {
	S_ARRIVAL,
	S_SYN,
	S_BOGUS,
	S_SYNACK,
	S_SYNACK_AGAIN,
	S_ACK,
	S_ACK_AGAIN,
	S_REFUSE,
	S_ICMP,
	S_GIVEUP,
	S_CLIENT_RST,
	S_REQUEST,
	S_DATA,
	S_DATA_ACK,
	S_FIN1,
	S_FIN2,
	S_FIN3,
	S_ABORT,
	S_MID,
	S_HEARTBEAT,
};

struct flow {
	uint8_t client[16], server[16];
	uint64_t first_syn;
	uint32_t cisn, sisn, cseq, sseq; /* sequence numbers: initial and next */
	uint32_t segs, rtt_us, tsbase;
	uint16_t cport, sport, vlan, outer_vlan;
	uint8_t step, outcome, syns, lost, synacks, in_burst, burst, unacked;
	bool v6, ecn, linear, bogus, again, random_payload, open, spoof;
	uint8_t icmp_kind;
	uint32_t next_free;
};

static struct flow *flows;
static uint32_t nflows, flow_cap, free_list = UINT32_MAX;

static uint32_t new_flow(void)
{
	uint32_t i;
	if (free_list != UINT32_MAX) {
		i = free_list;
		free_list = flows[i].next_free;
	} else {
		if (nflows == flow_cap) {
			flow_cap = flow_cap ? flow_cap * 2 : 4096;
			flows = realloc(flows, flow_cap * sizeof *flows);
			if (!flows)
				die("memory");
		}
		i = nflows++;
	}
	memset(&flows[i], 0, sizeof flows[i]);
	return i;
}

static void end_flow(uint32_t i)
{
	flows[i].next_free = free_list;
	free_list = i;
}

/* -------------------------------------------------------------- event heap */

struct event {
	uint64_t t;
	uint32_t flow;
};
static struct event *heap;
static size_t heap_len, heap_cap;

static void push(uint64_t t, uint32_t flow)
{
	if (heap_len == heap_cap) {
		heap_cap = heap_cap ? heap_cap * 2 : 4096;
		heap = realloc(heap, heap_cap * sizeof *heap);
		if (!heap)
			die("memory");
	}
	size_t i = heap_len++;
	while (i) {
		size_t up = (i - 1) / 4;
		if (heap[up].t <= t)
			break;
		heap[i] = heap[up];
		i = up;
	}
	heap[i] = (struct event){ t, flow };
}

static struct event pop(void)
{
	struct event top = heap[0], last = heap[--heap_len];
	size_t i = 0;
	for (;;) {
		size_t c = 4 * i + 1, best = c;
		if (c >= heap_len)
			break;
		for (size_t k = c + 1; k < c + 4 && k < heap_len; k++)
			if (heap[k].t < heap[best].t)
				best = k;
		if (heap[best].t >= last.t)
			break;
		heap[i] = heap[best];
		i = best;
	}
	heap[i] = last;
	return top;
}

/* ---------------------------------------------------------- packet building */

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, ECE = 64, CWR = 128 };

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

static void emit(struct flow *f, uint64_t t, bool from_client, unsigned flags, uint32_t seq, uint32_t ack,
		 uint32_t payload)
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

static void emit_icmp(struct flow *f, uint64_t t)
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

/* ---------------------------------------------------------------- scripts */

/* Time from the n-th SYN (from 0) to the next, or to giving up. */
static uint64_t syn_rto(const struct flow *f, unsigned n)
{
	unsigned e = !f->linear ? n : n < 5 ? 0 : n - 4;
	return (1ULL << e) * NSEC;
}

static uint64_t late(void)
{
	return 4 * MSEC + below(28 * MSEC);
} /* a timer is never early */

static void close_attempt(struct flow *f, uint64_t t, enum outcome o)
{
	static unsigned char *a;
	if (!f->open)
		return;
	f->open = false;
	truth.open--;
	truth.outcome[o]++;
	if (o == O_ICMP)
		truth.icmp_kind[f->icmp_kind]++;
	if (o == O_TIMEOUT || o == O_ABANDON)
		truth.unanswered_by_syns[f->syns]++;
	if (o == O_EST)
		truth.established_by_syns[f->syns]++;
	if (!csv)
		return;
	for (int side = 0; side < 2; side++) {
		a = side ? f->server : f->client;
		if (f->v6)
			for (int i = 0; i < 16; i += 2)
				fprintf(csv, "%s%x", i ? ":" : "", a[i] << 8 | a[i + 1]);
		else
			fprintf(csv, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
		fprintf(csv, ",%u,", side ? f->sport : f->cport);
	}
	fprintf(csv, "%" PRIu32 ",%" PRIu64 ".%09" PRIu64 ",%s%s%s,%u,%u,%.6f\n", f->cisn,
		(uint64_t)(f->first_syn / NSEC), (uint64_t)(f->first_syn % NSEC), outcome_name[o],
		o == O_ICMP ? ":" : "", o == O_ICMP ? icmp_name[f->icmp_kind] : "", f->syns, f->synacks,
		(double)(t - f->first_syn) / 1e9);
}

static void pick_addresses(struct flow *f)
{
	f->v6 = chance(mix.p_v6);
	if (f->v6) {
		memcpy(f->client, "\x20\x01\x0d\xb8\0\x01", 6);
		be16(f->client + 14, 1 + below(4000));
		memcpy(f->server, "\x20\x01\x0d\xb8\0\x02", 6);
		be32(f->server + 12, 1 + below(50000));
	} else {
		be32(f->client, 0x0a000001 + below(4000));
		be32(f->server, 0xc6120000 + below(0x20000)); /* 198.18.0.0/15 */
	}
	f->cport = (uint16_t)(32768 + below(28232));
	f->sport = chance(0.8) ? 443 : chance(0.5) ? 80 : (uint16_t)(1024 + below(30000));
	if (chance(mix.p_vlan)) {
		f->vlan = (uint16_t)(1 + below(4000));
		if (chance(0.1))
			f->outer_vlan = (uint16_t)(1 + below(4000));
	}
	f->random_payload = chance(0.8);
	f->rtt_us = 300 + (uint32_t)expo(25000);
	if (f->rtt_us > 400000)
		f->rtt_us = 400000;
	f->tsbase = (uint32_t)rnd();
	f->linear = chance(0.5);
	f->ecn = chance(0.2);
}

static void start_attempt(struct flow *f)
{
	double u = unit(), c = 0;

	f->cisn = (uint32_t)rnd();
	f->sisn = (uint32_t)rnd();
	f->syns = f->lost = f->synacks = 0;
	while (f->lost < 3 && chance(mix.p_lost))
		f->lost++;
	f->outcome = O_EST;
	if (u < (c += mix.p_refused))
		f->outcome = O_REFUSED;
	else if (u < (c += mix.p_icmp))
		f->outcome = O_ICMP;
	else if (u < (c += mix.p_timeout))
		f->outcome = O_TIMEOUT, f->lost = 6; /* tcp_syn_retries */
	else if (u < (c += mix.p_abandon))
		f->outcome = O_ABANDON, f->lost = (uint8_t)below(4);
	else if (u < (c += mix.p_halfopen))
		f->outcome = O_HALFOPEN;
	else if (u < (c += mix.p_reset))
		f->outcome = O_RESET;
	f->icmp_kind = (uint8_t)below(I_NUM);
	f->bogus = chance(mix.p_bogus);
	f->again = chance(mix.p_synack_again);
	f->segs = 1 + (uint32_t)expo(mix.mean_segs);
	f->step = S_SYN;
}

/* A spoofed SYN: random source, a few targets, one packet, perhaps SYN-ACKs. */
static void start_spoofed(struct flow *f)
{
	f->spoof = true;
	be32(f->client, 0x01000000 + below(0xdf000000u - 0x01000000u));
	be32(f->server, 0xc6120001 + below(4));
	f->cport = (uint16_t)(1024 + below(64512));
	f->sport = chance(0.9) ? 443 : 80;
	f->cisn = (uint32_t)rnd();
	f->sisn = (uint32_t)rnd();
	f->rtt_us = 100;
	f->outcome = chance(mix.p_spoof_answer) ? O_HALFOPEN : O_ABANDON;
	f->step = S_SYN;
}

static bool arriving = true;
static uint64_t decided; /* the last time at which an attempt is still undecided */

/* Run one step of flow i at time t; returns the time of its next, or 0 to end. */
static uint64_t run(uint32_t i, uint64_t t)
{
	struct flow *f = &flows[i];
	uint64_t rtt = f->rtt_us * USEC, half = rtt / 2 + 1;
	uint32_t mss = f->v6 ? mix.mss6 : mix.mss4, n;

	switch (f->step) {
	case S_ARRIVAL: {
		if (!arriving)
			return 0;
		uint32_t k = new_flow();
		f = &flows[k];
		if (chance(mix.p_spoof)) {
			start_spoofed(f);
		} else {
			pick_addresses(f);
			start_attempt(f);
		}
		push(t, k);
		return t + 1 + (uint64_t)expo(1e9 / mix.rate);
	}
	case S_SYN:
		if (!f->syns) {
			f->first_syn = t;
			f->open = true;
			truth.attempts++;
			truth.v6_attempts += f->v6;
			truth.vlan_attempts += f->vlan != 0;
			truth.ecn_syn += f->ecn;
			if (++truth.open > truth.max_open)
				truth.max_open = truth.open;
		}
		truth.syn++;
		truth.syn_retrans += f->syns > 0;
		emit(f, t, true, SYN | (f->ecn && f->syns < 2 ? ECE | CWR : 0), f->cisn, 0, 0);
		n = f->syns++;
		if (n < f->lost)
			return t + syn_rto(f, n) + late();
		if (f->outcome == O_TIMEOUT || f->outcome == O_ABANDON) {
			f->step = S_GIVEUP;
			return t + syn_rto(f, n) + 40 * MSEC;
		}
		f->step = f->bogus		    ? S_BOGUS
			  : f->outcome == O_REFUSED ? S_REFUSE
			  : f->outcome == O_ICMP    ? S_ICMP
						    : S_SYNACK;
		return t + rtt;
	case S_GIVEUP:
		if (t > decided)
			decided = t;
		close_attempt(f, t, f->outcome);
		return 0;
	case S_BOGUS: /* must not be taken for an answer: acknowledges something else */
		truth.bogus++;
		emit(f, t, false, RST | ACK, 0, f->cisn + 0x10000, 0);
		f->step = f->outcome == O_REFUSED ? S_REFUSE : f->outcome == O_ICMP ? S_ICMP : S_SYNACK;
		return t + 50 * USEC;
	case S_REFUSE:
		emit(f, t, false, RST | ACK, 0, f->cisn + 1, 0);
		close_attempt(f, t, O_REFUSED);
		if (!chance(0.05))
			return 0;
		truth.reused_tuple++; /* the client tries again from the same port */
		start_attempt(f);
		return t + 100 * MSEC + below(900 * MSEC);
	case S_ICMP:
		emit_icmp(f, t);
		close_attempt(f, t, O_ICMP);
		return 0;
	case S_SYNACK:
		truth.synack++;
		truth.synack_retrans += f->synacks > 0;
		emit(f, t, false, SYN | ACK | (f->ecn ? ECE : 0), f->sisn, f->cisn + 1, 0);
		n = f->synacks++;
		if (f->outcome == O_HALFOPEN) {
			if (n == 5) /* tcp_synack_retries */
				f->step = S_GIVEUP;
			return t + (NSEC << n) + late();
		}
		f->step = f->outcome == O_RESET ? S_CLIENT_RST : S_ACK;
		return t + 20 * USEC + below(60 * USEC);
	case S_CLIENT_RST:
		emit(f, t, true, RST, f->cisn + 1, 0, 0);
		close_attempt(f, t, O_RESET);
		return 0;
	case S_ACK:
		f->cseq = f->cisn + 1;
		f->sseq = f->sisn + 1;
		emit(f, t, true, ACK, f->cseq, f->sseq, 0);
		close_attempt(f, t, O_EST);
		f->step = f->again ? S_SYNACK_AGAIN : S_REQUEST;
		return f->again ? t + NSEC + late() : t + 30 * USEC + below(500 * USEC);
	case S_SYNACK_AGAIN: /* the ACK was lost beyond the capture point */
		truth.synack++;
		truth.synack_retrans++;
		emit(f, t, false, SYN | ACK | (f->ecn ? ECE : 0), f->sisn, f->cisn + 1, 0);
		f->step = S_ACK_AGAIN;
		return t + 30 * USEC;
	case S_ACK_AGAIN:
		emit(f, t, true, ACK, f->cseq, f->sseq, 0);
		f->step = S_REQUEST;
		return t + 30 * USEC;
	case S_REQUEST:
		n = mss < 600 ? mss : 200 + below(400);
		emit(f, t, true, PSH | ACK, f->cseq, f->sseq, n);
		f->cseq += n;
		f->burst = 10;
		f->in_burst = 0;
		f->step = S_DATA;
		return t + rtt + below(5 * MSEC);
	case S_DATA:
		f->segs--;
		emit(f, t, false, f->segs ? ACK : ACK | PSH, f->sseq, f->cseq, mss);
		f->sseq += mss;
		f->in_burst++;
		if (++f->unacked == 2 || !f->segs) {
			f->unacked = 0;
			f->step = S_DATA_ACK;
			return t + 5 * USEC + below(3 * USEC);
		}
		return t + 12 * USEC + below(4 * USEC);
	case S_DATA_ACK:
		emit(f, t, true, ACK, f->cseq, f->sseq, 0);
		if (!f->segs) {
			f->step = chance(0.1) ? S_ABORT : S_FIN1;
			return t + 200 * USEC + below(20 * MSEC);
		}
		f->step = S_DATA;
		if (f->in_burst < f->burst)
			return t + 7 * USEC;
		f->in_burst = 0;
		f->burst = f->burst < 40 ? f->burst + 10 : 40;
		return t + rtt;
	case S_ABORT: /* a reset of an established flow is not a failed attempt */
		emit(f, t, true, RST | ACK, f->cseq, f->sseq, 0);
		return 0;
	case S_FIN1:
		emit(f, t, true, FIN | ACK, f->cseq, f->sseq, 0);
		f->step = S_FIN2;
		return t + rtt;
	case S_FIN2:
		emit(f, t, false, FIN | ACK, f->sseq, f->cseq + 1, 0);
		f->step = S_FIN3;
		return t + half;
	case S_FIN3:
		emit(f, t, true, ACK, f->cseq + 1, f->sseq + 1, 0);
		return 0;
	case S_MID:
		if (!arriving)
			return 0;
		if (f->unacked ^= 1) {
			emit(f, t, true, PSH | ACK, f->cseq, f->sseq, mss);
			f->cseq += mss;
		} else {
			emit(f, t, false, PSH | ACK, f->sseq, f->cseq, mss);
			f->sseq += mss;
		}
		return t + 1 + (uint64_t)expo(mix.mid_gap * 1e9);
	default: /* S_HEARTBEAT */
		emit(f, t, true, ACK, f->cseq, f->sseq, 0);
		if (!heap_len && t > decided + NSEC)
			return 0;
		return t + NSEC / 2;
	}
}

/* -------------------------------------------------------------------- main */

static void set_mix(void)
{
	double per_arrival; /* file bytes */
	uint32_t hdr = opt.format == PCAPNG ? 34 : 16;
	double full = 1514, small = 66;

	mix.p_lost = 0.02;
	mix.p_refused = 0.02;
	mix.p_icmp = 0.01;
	mix.p_timeout = 0.015;
	mix.p_abandon = 0.01;
	mix.p_halfopen = 0.003;
	mix.p_reset = 0.005;
	mix.p_synack_again = 0.004;
	mix.p_bogus = 0.001;
	mix.tstamps = true;
	mix.mss4 = 1448;
	mix.mss6 = 1428;
	mix.p_v6 = 0.3;
	mix.p_vlan = opt.link == LINK_ETHER ? 0.1 : 0;
	mix.mean_segs = 125;
	if (!strcmp(opt.mix, "web")) {
		if (opt.duration == 0)
			opt.duration = 600;
		if (full > opt.snaplen)
			full = opt.snaplen;
		per_arrival = 0.94 * mix.mean_segs * (full + hdr + (small + hdr) / 2) + 1200;
		mix.rate = (double)opt.size / per_arrival / opt.duration;
	} else if (!strcmp(opt.mix, "synflood")) {
		if (opt.duration == 0)
			opt.duration = 60;
		mix.p_v6 = 0;
		mix.p_vlan = 0;
		mix.p_spoof = 0.995;
		mix.p_spoof_answer = 0.02;
		mix.mean_segs = 3;
		per_arrival = 1.1 * (60 + hdr) + 50;
		mix.rate = (double)opt.size / per_arrival / opt.duration;
	} else if (!strcmp(opt.mix, "smallpkt")) {
		if (opt.duration == 0)
			opt.duration = 60;
		mix.p_v6 = 0;
		mix.p_vlan = 0;
		mix.tstamps = false;
		mix.mss4 = 10;
		mix.mean_segs = 8;
		mix.midstream = 20000;
		double pps = (double)opt.size / (64 + hdr) / opt.duration;
		mix.mid_gap = mix.midstream / pps;
		mix.rate = pps / 2000;
	} else {
		fprintf(stderr, "gencap: unknown mix '%s'\n", opt.mix);
		exit(2);
	}
}

static void write_truth(FILE *o)
{
#define U(name) fprintf(o, "  \"" #name "\": %" PRIu64 ",\n", truth.name)
	fprintf(o, "{\n  \"mix\": \"%s\",\n  \"seed\": %" PRIu64 ",\n", opt.mix, opt.seed);
	U(packets);
	U(file_bytes);
	U(wire_bytes);
	U(attempts);
	U(syn);
	U(syn_retrans);
	U(synack);
	U(synack_retrans);
	U(rst);
	U(fin);
	U(icmp);
	U(data);
	U(bogus);
	U(ecn_syn);
	U(v6_attempts);
	U(vlan_attempts);
	U(reused_tuple);
	U(max_open);
	U(first_ts);
	U(last_ts);
	fprintf(o, "  \"outcomes\": {");
	for (int i = 0; i < O_NUM; i++)
		fprintf(o, "%s\"%s\": %" PRIu64, i ? ", " : "", outcome_name[i], truth.outcome[i]);
	fprintf(o, "},\n  \"icmp_unreachable\": {");
	for (int i = 0; i < I_NUM; i++)
		fprintf(o, "%s\"%s\": %" PRIu64, i ? ", " : "", icmp_name[i], truth.icmp_kind[i]);
	fprintf(o, "},\n  \"unanswered_by_syns\": [");
	for (int i = 0; i < 9; i++)
		fprintf(o, "%s%" PRIu64, i ? ", " : "", truth.unanswered_by_syns[i]);
	fprintf(o, "],\n  \"established_by_syns\": [");
	for (int i = 0; i < 9; i++)
		fprintf(o, "%s%" PRIu64, i ? ", " : "", truth.established_by_syns[i]);
	fprintf(o, "]\n}\n");
#undef U
}

static uint64_t parse_size(const char *s)
{
	char *end;
	double v = strtod(s, &end);
	switch (*end) {
	case 'k':
	case 'K':
		v *= 1e3;
		break;
	case 'm':
	case 'M':
		v *= 1e6;
		break;
	case 'g':
	case 'G':
		v *= 1e9;
		break;
	}
	return (uint64_t)v;
}

static void usage(FILE *o)
{
	fputs("usage: gencap [options] -o FILE\n"
	      "  -o FILE           capture to write ('-': standard output)\n"
	      "  -m MIX            web (default), synflood, smallpkt\n"
	      "  -n SIZE           about how many bytes to write: 500M, 2G (default 105M)\n"
	      "  -f FORMAT         us (pcap, default), ns (pcap), ng (pcapng, ns)\n"
	      "  -s SNAPLEN        bytes kept of each packet (96: headers only)\n"
	      "  -l LINK           ether (default), raw, sll, sll2\n"
	      "  -d SECONDS        time over which attempts arrive (web 600, others 60)\n"
	      "  -S SEED           (default 1)\n"
	      "  -B                write the capture in the other byte order\n"
	      "  -t FILE           truth, JSON (default: FILE of -o with .json added)\n"
	      "  -c FILE           truth, one CSV line per attempt\n",
	      o);
}

int main(int argc, char **argv)
{
	int c;
	while ((c = getopt(argc, argv, "o:m:n:f:s:l:d:S:Bt:c:h")) != -1) {
		switch (c) {
		case 'o':
			opt.out = optarg;
			break;
		case 'm':
			opt.mix = optarg;
			break;
		case 'n':
			opt.size = parse_size(optarg);
			break;
		case 'f':
			opt.format = !strcmp(optarg, "ns") ? PCAP_NS : !strcmp(optarg, "ng") ? PCAPNG : PCAP_US;
			break;
		case 's':
			opt.snaplen = (uint32_t)atoi(optarg);
			break;
		case 'l':
			opt.link = !strcmp(optarg, "raw")    ? LINK_RAW
				   : !strcmp(optarg, "sll")  ? LINK_SLL
				   : !strcmp(optarg, "sll2") ? LINK_SLL2
							     : LINK_ETHER;
			break;
		case 'd':
			opt.duration = atof(optarg);
			break;
		case 'S':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'B':
			opt.swap = true;
			break;
		case 't':
			opt.truth = optarg;
			break;
		case 'c':
			opt.csv = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (!opt.out || optind != argc || opt.snaplen < 14) {
		usage(stderr);
		return 2;
	}
	rng_state = opt.seed * 0xD1342543DE82EF95ULL + 1;
	set_mix();
	outbuf = malloc(OUTBUF);
	outfd = strcmp(opt.out, "-") ? open(opt.out, O_WRONLY | O_CREAT | O_TRUNC, 0644) : 1;
	if (!outbuf || outfd < 0)
		die(opt.out);
	if (opt.csv) {
		csv = fopen(opt.csv, "w");
		if (!csv)
			die(opt.csv);
		fputs("client,cport,server,sport,isn,first_syn,outcome,syns,synacks,seconds\n", csv);
	}
	write_file_header();

	uint64_t t0 = 1700000000ULL * NSEC + below(NSEC);
	uint32_t k = new_flow(); /* the arrival process is a flow like any other */
	flows[k].step = S_ARRIVAL;
	push(t0 + 1000, k);
	for (uint32_t i = 0; i <= mix.midstream; i++) { /* the last one is the heartbeat */
		k = new_flow();
		struct flow *f = &flows[k];
		pick_addresses(f);
		f->cseq = (uint32_t)rnd();
		f->sseq = (uint32_t)rnd();
		f->step = i < mix.midstream ? S_MID : S_HEARTBEAT;
		push(t0 + (uint64_t)(unit() * (i < mix.midstream ? mix.mid_gap : 0.5) * 1e9), k);
	}
	uint64_t now = 0;
	while (heap_len) {
		struct event e = pop();
		if (e.t < now)
			die("time went backwards");
		now = e.t;
		if (arriving && truth.file_bytes >= opt.size)
			arriving = false;
		uint64_t next = run(e.flow, e.t);
		if (next)
			push(next, e.flow);
		else
			end_flow(e.flow);
	}
	flush_out();
	if (outfd != 1 && close(outfd))
		die("close");
	if (csv && fclose(csv))
		die(opt.csv);

	char *tname = NULL;
	if (!opt.truth) {
		if (asprintf(&tname, "%s.json", outfd == 1 ? "gencap" : opt.out) < 0)
			die("memory");
		opt.truth = tname;
	}
	FILE *tf = fopen(opt.truth, "w");
	if (!tf)
		die(opt.truth);
	write_truth(tf);
	if (fclose(tf))
		die(opt.truth);
	free(tname);
	return 0;
}
