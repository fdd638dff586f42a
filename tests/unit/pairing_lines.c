/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/pairing_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000LL
#define START (1700000000 * S)
#define SKEW (3600 * S)
#define ISN 1000u
#define SERVER_ISN 77000u

/* Both captures have these before and after what is looked at. */
static const struct line before[] = { { 'c', -9000, SYN, 'A', 64, 9 },
				      { 's', -8997, SYN, 'A', 57, 9 },
				      { 's', -8997, SYN_ACK, 'B', 64, 9 },
				      { 'c', -8993, SYN_ACK, 'B', 57, 9 },
				      { 'c', -8993, ACK, 'C', 64, 9 },
				      { 's', -8990, ACK, 'C', 57, 9 },
				      { 0, 0, 0, 0, 0, 0 } };
static const struct line after[] = { { 'c', 90000, SYN, 'D', 64, 19 },
				     { 's', 90003, SYN, 'D', 57, 19 },
				     { 's', 90003, SYN_ACK, 'E', 64, 19 },
				     { 'c', 90007, SYN_ACK, 'E', 57, 19 },
				     { 'c', 90007, ACK, 'F', 64, 19 },
				     { 's', 90010, ACK, 'F', 57, 19 },
				     { 0, 0, 0, 0, 0, 0 } };

struct taken {
	struct pairing_side *side;
	struct handshakes *h;
	uint64_t packet;
	int64_t last_ns;
};

static void judge(const struct digest *d, void *user)
{
	pairing_side_judge(((struct taken *)user)->side, d);
}

static void fill(const struct line *l, struct sighting *s)
{
	static const uint8_t client[] = { 10, 0, 0, 1 }, server[] = { 10, 0, 0, 2 }, router[] = { 192, 0, 2, 9 };
	bool from_server = l->kind == SYN_ACK || l->kind == RST;
	uint16_t port = l->port ? l->port : 4000;

	*s = (struct sighting){ .kind = l->kind == ICMP ? SIGHTING_ICMP : SIGHTING_SEGMENT,
				.family = 4,
				.ttl = l->ttl ? l->ttl : 64,
				.mark = l->mark == ' ' ? 0 : (uint32_t)l->mark };
	memcpy(s->src, from_server ? server : client, 4);
	memcpy(s->dst, from_server ? client : server, 4);
	s->sport = from_server ? 443 : port;
	s->dport = from_server ? port : 443;
	s->seq = from_server ? SERVER_ISN + (l->ttl == PROXY_TTL)
			     : ISN + port + (l->kind == ACK || l->kind == CLIENT_RST);
	s->ack = from_server ? ISN + port + 1 : l->kind == ACK ? SERVER_ISN + 1 : 0;
	s->flags = l->kind == SYN	? TCP_SYN
		   : l->kind == SYN_ACK ? TCP_SYN | TCP_ACK
		   : l->kind == ACK	? TCP_ACK
		   : l->kind == RST	? TCP_RST | TCP_ACK
					: TCP_RST;
	if (l->kind == ICMP) {
		s->has_seq = true;
		s->icmp_type = 3;
		s->icmp_code = 13;
		s->from.family = 4;
		memcpy(s->from.b, router, 4);
	}
}

static void take(struct taken *t, char side, const struct line *l)
{
	struct sighting s, *one = &s;

	for (; l->side; l++) {
		if (l->side != side)
			continue;
		fill(l, &s);
		s.t_ns = t->last_ns = START + l->t_ms * MS + (side == 's' ? SKEW : 0);
		s.packet = ++t->packet;
		sighting_set_hash(&s, 1);
		handshakes_feed(t->h, &one, 1);
		pairing_side_feed(t->side, &s, false);
	}
}

static struct pairing_side *record(char side, const struct line *lines, bool ends, uint64_t packets)
{
	struct pairing_span span;
	struct taken t = { .side = pairing_side_new(1 << 20) };
	struct handshakes_config c = { .memory = 1 << 20, .seed = 1, .fn = judge, .user = &t };

	t.h = handshakes_new(&c);
	assert_non_null(t.h);
	take(&t, side, before);
	take(&t, side, lines);
	if (!ends)
		take(&t, side, after);
	handshakes_finish(t.h, t.last_ns);
	handshakes_free(t.h);
	span = (struct pairing_span){ START - 10 * S + (side == 's' ? SKEW : 0), t.last_ns, packets, false };
	pairing_side_span(t.side, &span);
	return t.side;
}

struct result *play(const struct line *lines, bool ends)
{
	struct pairing_side *c = record('c', lines, false, 100), *s = record('s', lines, ends, ends ? 1000 : 20);
	struct pairing *p = pairing_new(c, s, 1);
	struct result *ret = calloc(1, sizeof(*ret));
	bool found = false;
	size_t i;

	assert_non_null(p);
	assert_non_null(ret);
	assert_false(pairing_swapped(p));
	assert_int_equal(pairing_clock(p)->offset_ns, SKEW - MS / 2);
	assert_int_equal(pairing_clock(p)->uncertainty_ns, 7 * MS / 2);
	for (i = 0; !found && i < pairing_n(p); i++) {
		pairing_get(p, i, &ret->r);
		found = ret->r.client_flow.client.port == 4000;
	}
	assert_true(found);
	pair_words(&ret->r, &ret->w);
	pair_story(&ret->r, &ret->w, &ret->story);
	pairing_free(p);
	pairing_side_free(c);
	pairing_side_free(s);
	return ret;
}

bool has_evidence(const struct pair_words *w, const char *text)
{
	int i;

	for (i = 0; i < w->n_evidence; i++)
		if (strstr(w->evidence[i], text))
			return true;
	return false;
}
