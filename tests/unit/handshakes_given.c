/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/handshakes_given.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

struct given given, other;

static uint64_t mix(uint64_t d, uint64_t v)
{
	return (d ^ v) * 0x9e3779b97f4a7c15u + (d >> 29);
}

static uint64_t digest_of(const struct digest *d)
{
	uint64_t h = mix(d->number, (uint64_t)d->start_ns);

	h = mix(mix(h, (uint64_t)d->elapsed_ns), (uint64_t)d->n_syns);
	h = mix(mix(h, d->outcome), d->gave_up_by);
	h = mix(mix(h, d->limit), d->confidence);
	h = mix(mix(h, d->answer), (uint64_t)d->half_open << 32 | (uint64_t)d->n_synacks);
	h = mix(mix(h, d->flow.client.port), d->flow.server.port);
	return mix(h, d->flow.client.addr.b[3] | d->flow.client.addr.b[2] << 8 | d->flow.client.addr.b[15] << 16);
}

static void on_digest(const struct digest *d, void *user)
{
	struct given *g = user;

	assert_in_range(d->number, 1, ATTEMPTS_MAX);
	assert_int_equal(g->times[d->number]++, 0);
	assert_in_range(d->outcome, OUTCOME_NONE + 1, OUTCOME_N - 1);
	g->digest[d->number] = digest_of(d);
	g->order = mix(g->order, d->number);
	g->n++;
	g->syns += (uint64_t)d->n_syns;
	g->outcomes[d->outcome]++;
	g->by_answer[d->answer]++;
	if (g->in_full)
		assert_int_equal(handshakes_attempt(g->h)->number, d->number);
}

struct handshakes *begin(struct given *g, size_t memory, uint64_t seed, bool at_once)
{
	struct handshakes_config c = { .memory = memory, .seed = seed, .at_once = at_once, .fn = on_digest, .user = g };

	memset(g, 0, sizeof(*g));
	g->h = handshakes_new(&c);
	assert_non_null(g->h);
	return g->h;
}

struct handshakes_counts counts(const struct handshakes *h)
{
	struct handshakes_counts c;

	handshakes_counts(h, &c);
	return c;
}

/* Nothing in the end, but for counters that once were full. */
static void assert_none_awaited(const uint8_t *awaited)
{
	uint32_t i;

	for (i = 0; i < FLOW_CLASSES; i++)
		if (awaited[i] && awaited[i] != UINT8_MAX)
			fail_msg("%u are awaited in class %u", awaited[i], i);
}

struct handshakes_counts finish(struct given *g, int64_t now_ns)
{
	struct handshakes_counts c;

	handshakes_finish(g->h, now_ns);
	assert_none_awaited(handshakes_awaited(g->h));
	c = counts(g->h);
	assert_int_equal(g->n, c.attempts);
	assert_true(c.evicted <= c.attempts);
	handshakes_free(g->h);
	return c;
}

struct sighting segment(int family, uint32_t host, uint16_t port, uint16_t flags, int64_t t_ns)
{
	struct sighting s = { .kind = SIGHTING_SEGMENT,
			      .family = (uint8_t)family,
			      .src = { 10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host },
			      .dst = { 192, 0, 2, 1 },
			      .sport = port,
			      .dport = 443,
			      .seq = 1000,
			      .flags = flags,
			      .ttl = 64,
			      .t_ns = t_ns,
			      .packet = 1 };

	if (family == 6)
		s.src[15] = s.dst[15] = 1;
	return s;
}

struct sighting answer(const struct sighting *to, uint16_t flags, int64_t t_ns)
{
	struct sighting s = *to;

	memcpy(s.src, to->dst, 16);
	memcpy(s.dst, to->src, 16);
	s.sport = to->dport;
	s.dport = to->sport;
	s.seq = 7777;
	s.ack = to->seq + 1;
	s.flags = flags;
	s.t_ns = t_ns;
	return s;
}

struct sighting feed_one(struct handshakes *h, uint64_t seed, struct sighting s)
{
	struct sighting *p = &s;

	sighting_set_hash(&s, seed);
	handshakes_expect(h, &s);
	handshakes_feed(h, &p, 1);
	return s;
}
