/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of all kinds, at random, so that all that can meet does meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/handshakes_check.h"
#include "tests/unit/random.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define BEGIN (1700000000 * SECOND)

/* Few hosts, ports and sequence numbers, so that all that can meet does meet. */
struct world {
	uint64_t random;
	int64_t t_ns;
	uint32_t hosts, ports, isns;
	bool back; /* its clock may go back */
};

static uint32_t below(struct world *w, uint32_t n)
{
	return random_below(&w->random, n);
}

static uint32_t any_isn(struct world *w)
{
	static const uint32_t isns[] = { 1000,	   5000, 1003,	UINT32_MAX, 0x70000000,
					 1u << 31, 0,	 70000, 20000000,   12000000 };

	return isns[below(w, w->isns)];
}

static int64_t any_step(struct world *w)
{
	switch (below(w, 20)) {
	case 0:
		return SECOND + below(w, 40) * MS - 20 * MS;
	case 1:
		return 3 * SECOND;
	case 2:
	case 7:
	case 8:
		return w->back ? -(int64_t)below(w, 1500) * MS : 0;
	case 3:
		return below(w, 40) * SECOND;
	case 4:
		return below(w, 10) ? (below(w, 2) ? 200 : 1250) * MS : 600 * SECOND;
	case 5:
	case 6:
		return 10 * MS - 1 + below(w, 3);
	default:
		return below(w, 12) * MS;
	}
}

/* They are numbers of several files, so that an answer's may be less than its SYN's; and large files. */
static uint64_t any_packet(struct world *w)
{
	static const uint64_t from[] = { 1, 1, 1, 1 << 20, (1 << 24) - 5, UINT32_MAX - 5, (UINT64_C(1) << 40) - 20 };

	return from[below(w, 7)] + below(w, 10);
}

static void set_hosts(struct world *w, struct sighting *s)
{
	uint32_t src = below(w, w->hosts), dst = below(w, w->hosts);

	s->family = below(w, 3) ? 4 : 6;
	s->src[s->family == 4 ? 3 : 15] = (uint8_t)src;
	s->dst[s->family == 4 ? 3 : 15] = (uint8_t)dst;
	s->src[0] = s->dst[0] = 10;
	s->sport = (uint16_t)(1000 + below(w, w->ports));
	s->dport = (uint16_t)(1000 + below(w, w->ports));
}

static void set_icmp(struct world *w, struct sighting *s)
{
	static const uint8_t types4[] = { 3, 3, 3, 4, 5, 11, 12 }, types6[] = { 1, 1, 2, 3, 4 };

	s->kind = SIGHTING_ICMP;
	s->icmp_type = s->family == 4 ? types4[below(w, 7)] : types6[below(w, 5)];
	s->icmp_code = (uint8_t)below(w, 5);
	s->has_seq = below(w, 8);
	s->seq = s->has_seq ? any_isn(w) : 0;
	s->from.family = s->family;
	s->from.b[3] = below(w, 10) ? 99 : 0; /* or nobody */
	s->ack = s->len = s->flags = s->ttl = 0;
	s->bad_checksum = false;
}

static struct sighting any_event(struct world *w)
{
	static const uint16_t flags[] = { 0x02, 0x02, 0x02, 0x12, 0x12, 0x12, 0x14, 0x04, 0x10, 0x10,
					  0x18, 0x11, 0x00, 0x03, 0x06, 0x16, 0xc2, 0x52, 0x13 };
	struct sighting s = { .kind = SIGHTING_SEGMENT, .packet = any_packet(w), .file = below(w, 3) };

	w->t_ns += any_step(w);
	set_hosts(w, &s);
	s.t_ns = w->t_ns;
	s.flags = flags[below(w, 19)];
	s.seq = any_isn(w) + (s.flags & TCP_SYN ? 0 : below(w, 3));
	s.ack = s.flags & TCP_ACK ? any_isn(w) + below(w, 4) : 0;
	s.len = s.flags == 2 && !below(w, 6) ? below(w, 5) : 0;
	s.ttl = (uint8_t)(60 + below(w, 2));
	s.mark = below(w, 3) * 0x100 + below(w, 2);
	s.has_ts = below(w, 2);
	s.tsecr = s.has_ts ? below(w, 0x400) : 0;
	s.bad_checksum = !below(w, 10);
	s.path = below(w, 6) ? 0 : 7;
	s.joins_only = s.flags == 2 && !below(w, 12);
	if (!below(w, 8))
		set_icmp(w, &s);
	return s;
}

/* Of its timestamp, or of one that is too early, or too late: at once, or before the clock can have come to it. */
static uint32_t any_echo(struct world *w, const struct sighting *of)
{
	static const uint32_t off[] = { 0, 0, (uint32_t)-1, (uint32_t)-100000, 100000, 0x7fffffff };

	return of->has_ts && below(w, 6) ? sighting_tsval(of->ip_id, of->mark) + off[below(w, 6)] : 0;
}

/* One like an earlier one: a duplicate, a retransmission, an answer that fits. */
static struct sighting like(struct world *w, const struct sighting *events, size_t n)
{
	struct sighting s = events[n - 1 - below(w, n < 20 ? (uint32_t)n : 20)], of = s;

	w->t_ns += any_step(w);
	s.t_ns = w->t_ns;
	s.packet = any_packet(w);
	if (s.kind == SIGHTING_ICMP || below(w, 2)) {
		s.mark ^= below(w, 3) ? 0 : 0x101;
		return s;
	}
	memcpy(s.src, of.dst, 16);
	memcpy(s.dst, of.src, 16);
	s.sport = of.dport;
	s.dport = of.sport;
	s.ack = of.seq + 1 + (of.len && below(w, 2) ? of.len : 0);
	s.seq = of.flags & TCP_ACK ? of.ack : any_isn(w);
	s.flags = of.flags & TCP_SYN && !(of.flags & TCP_ACK) ? (below(w, 4) ? 0x12 : 0x14)
		  : of.flags & TCP_SYN && below(w, 2)	      ? 0x04
							      : 0x10;
	s.tsecr = any_echo(w, &of);
	s.len = 0;
	s.joins_only = false;
	return s;
}

static bool is_syn(const struct sighting *s)
{
	return s->kind == SIGHTING_SEGMENT && (s->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

static void play(struct world w, size_t n)
{
	struct sighting *events = calloc(n, sizeof(*events));
	size_t i, unasked;

	w.t_ns = BEGIN;
	unasked = below(&w, 3) ? 0 : below(&w, (uint32_t)n);
	for (i = 0; i < n; i++) {
		events[i] = i && below(&w, 2) ? like(&w, events, i) : any_event(&w);
		events[i].unasked = i < unasked && is_syn(&events[i]);
	}
	check(events, n);
	free(events);
}

static void one_flow(void **state)
{
	uint64_t k;

	for (k = 0; k < 3000; k++)
		play((struct world){ .random = k, .hosts = 1, .ports = 2, .isns = 1 + k % 3, .back = k % 2 },
		     1 + k % 60);
}

static void few_flows(void **state)
{
	uint64_t k;

	for (k = 0; k < 600; k++)
		play((struct world){ .random = k, .hosts = 2, .ports = 2, .isns = 2 + k % 9, .back = k % 2 },
		     100 + k % 200);
}

static void many_flows(void **state)
{
	uint64_t k;

	for (k = 0; k < 8; k++)
		play((struct world){ .random = k, .hosts = 20, .ports = 40, .isns = 10, .back = k % 2 }, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flow),
		cmocka_unit_test(few_flows),
		cmocka_unit_test(many_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
