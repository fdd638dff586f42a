/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts by the ten thousand: none is lost or told twice, memory has its limit, and chance changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/handshakes.h"
#include "random.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define BEGIN (1700000000 * SECOND)
#define ATTEMPTS_MAX 500000
#define BATCH_MAX 64

/* What was given. */
struct given {
	struct handshakes *h;
	uint8_t times[ATTEMPTS_MAX + 1];   /* of each attempt, by number */
	uint64_t digest[ATTEMPTS_MAX + 1]; /* of what was said of it */
	uint64_t order;			   /* a digest of the numbers in their order */
	uint32_t n, outcomes[OUTCOME_N], by_answer[REPLY_KIND_N];
	uint64_t syns;
	bool in_full; /* each is asked for in full, too */
};

static struct given given, other;

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

static struct handshakes *begin(struct given *g, size_t memory, uint64_t seed, bool at_once)
{
	struct handshakes_config c = { .memory = memory, .seed = seed, .at_once = at_once, .fn = on_digest, .user = g };

	memset(g, 0, sizeof(*g));
	g->h = handshakes_new(&c);
	assert_non_null(g->h);
	return g->h;
}

static struct handshakes_counts counts(const struct handshakes *h)
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

/* Ends it; each attempt was given once. */
static struct handshakes_counts finish(struct given *g, int64_t now_ns)
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

static struct sighting segment(int family, uint32_t host, uint16_t port, uint16_t flags, int64_t t_ns)
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

static struct sighting answer(const struct sighting *to, uint16_t flags, int64_t t_ns)
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

static struct sighting feed_one(struct handshakes *h, uint64_t seed, struct sighting s)
{
	struct sighting *p = &s;

	sighting_set_hash(&s, seed);
	handshakes_expect(h, &s);
	handshakes_feed(h, &p, 1);
	return s;
}

/* Traffic made beforehand, and for each packet the attempt that it is of. */
struct traffic {
	struct sighting *sightings;
	uint32_t *attempts;
	size_t n, cap;
	uint32_t n_attempts;
	int64_t end_ns;
};

static void put(struct traffic *t, struct sighting s, uint32_t attempt)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 1024;
		t->sightings = realloc(t->sightings, t->cap * sizeof(*t->sightings));
		t->attempts = realloc(t->attempts, t->cap * sizeof(*t->attempts));
	}
	s.packet = t->n + 1;
	t->attempts[t->n] = attempt;
	t->sightings[t->n++] = s;
	t->end_ns = s.t_ns;
}

static void traffic_fini(struct traffic *t)
{
	free(t->sightings);
	free(t->attempts);
}

/* What happens to an attempt, by its number. */
static void put_rest(struct traffic *t, const struct sighting *syn, uint32_t number, int64_t t_ns)
{
	struct sighting s = *syn;

	switch (number % 8) {
	case 0: /* established, and reset in the end */
	case 1:
		put(t, answer(syn, 0x12, t_ns), number);
		s.flags = 0x10;
		s.seq++;
		s.t_ns = t_ns;
		put(t, s, number);
		if (number % 8)
			put(t, answer(syn, 0x14, t_ns), number);
		break;
	case 2: /* refused */
		put(t, answer(syn, 0x14, t_ns), number);
		break;
	case 3: /* unreachable */
		s.kind = SIGHTING_ICMP;
		s.icmp_type = s.family == 4 ? 3 : 1;
		s.icmp_code = 1;
		s.has_seq = true;
		s.t_ns = t_ns;
		put(t, s, number);
		break;
	case 4: /* half open */
		put(t, answer(syn, 0x12, t_ns), number);
		break;
	default:
		break;
	}
}

#define LATER 100 /* an answer comes so many SYNs later */

/* n attempts, most of ports that were used before, some of them in IPv6. */
static void make_traffic(struct traffic *t, uint32_t n, int64_t step_ns, uint64_t *random)
{
	struct sighting *syns = calloc(n + 1, sizeof(*syns));
	int64_t t_ns = BEGIN;
	uint32_t i;

	for (i = 1; i <= n + LATER; i++) {
		t_ns += (int64_t)random_below(random, (uint32_t)(2 * step_ns));
		if (i <= n) {
			syns[i] = segment(random_once_in(random, 4) ? 6 : 4, i % 97, (uint16_t)(1024 + i % 9973), 2,
					  t_ns);
			syns[i].seq = i * 100000;
			syns[i].mark = i;
			put(t, syns[i], i);
		}
		if (i > LATER)
			put_rest(t, &syns[i - LATER], i - LATER, t_ns);
	}
	t->n_attempts = n;
	free(syns);
}

static void feed_traffic(struct handshakes *h, const struct traffic *t, uint64_t seed, uint32_t batch)
{
	struct sighting some[BATCH_MAX], *p[BATCH_MAX];
	uint64_t random = seed;
	size_t i, k, n;

	for (i = 0; i < t->n; i += n) {
		n = 1 + random_below(&random, batch);
		n = n < t->n - i ? n : t->n - i;
		for (k = 0; k < n; k++) {
			some[k] = t->sightings[i + k];
			p[k] = &some[k];
			sighting_set_hash(&some[k], seed);
			handshakes_expect(h, &some[k]);
		}
		handshakes_feed(h, p, n);
		for (k = 0; k < n; k++)
			assert_int_equal(some[k].attempt, t->attempts[i + k]);
	}
}

static void assert_same_given(void)
{
	uint32_t i;

	assert_int_equal(given.n, other.n);
	for (i = 1; i <= given.n; i++)
		assert_int_equal(given.digest[i], other.digest[i]);
}

/* More than the table keeps, so that they leave it while others come; under any seed, in batches of any size. */
static void seeds_and_batches(void **state)
{
	static const struct {
		uint64_t seed;
		uint32_t batch;
	} ways[] = { { 1, 1 }, { 0xdeadbeef, 32 }, { UINT64_MAX, BATCH_MAX }, { 5, 7 } };
	struct traffic t = { .n = 0 };
	struct handshakes_counts c;
	uint64_t random = 1;
	size_t i;

	make_traffic(&t, 60000, MS / 4, &random);
	for (i = 0; i < 4; i++) {
		struct handshakes *h = begin(i ? &other : &given, 64 << 20, ways[i].seed, false);

		feed_traffic(h, &t, ways[i].seed, ways[i].batch);
		c = finish(i ? &other : &given, t.end_ns + 100 * SECOND);
		assert_int_equal(c.attempts, 60000);
		assert_int_equal(c.syns, 60000);
		assert_int_equal((i ? &other : &given)->syns, 60000);
		assert_int_equal(c.evicted + c.notes_lost + c.attempts_lost + c.unmatched + c.duplicates, 0);
		if (!i)
			continue;
		assert_same_given();
		assert_int_equal(given.order, other.order);
	}
	assert_int_equal(given.outcomes[OUTCOME_ESTABLISHED], 15000);
	assert_int_equal(given.outcomes[OUTCOME_REFUSED], 7500);
	assert_int_equal(given.outcomes[OUTCOME_UNREACHABLE], 7500);
	assert_int_equal(given.by_answer[REPLY_SYN_ACK], 22500);
	assert_int_equal(given.by_answer[REPLY_NONE], 22500);
	traffic_fini(&t);
}

/* Given at once, they are the same; sooner. */
static void at_once(void **state)
{
	struct traffic t = { .n = 0 };
	uint64_t random = 2;
	uint32_t before;

	make_traffic(&t, 6000, 4 * MS, &random);
	feed_traffic(begin(&given, 64 << 20, 1, false), &t, 1, 32);
	assert_int_equal(given.n, 0);
	finish(&given, t.end_ns);
	feed_traffic(begin(&other, 64 << 20, 1, true), &t, 1, 32);
	before = other.n;
	assert_in_range(before, 3000, 5999);
	finish(&other, t.end_ns);
	assert_same_given();
	traffic_fini(&t);
}

/* Nothing comes any more: what has its answer is given soon, silence only when it has lasted. */
static void idle(void **state)
{
	static const struct {
		int64_t idle_ns;
		uint32_t given;
	} rows[] = { { SECOND, 0 }, { 2 * SECOND, 0 }, { 5 * SECOND, 1 }, { 59 * SECOND, 1 }, { 65 * SECOND, 2 } };
	struct handshakes *h = begin(&given, 1 << 20, 1, true);
	struct sighting syn = segment(4, 1, 1, 2, BEGIN);
	size_t i;

	handshakes_idle(h, SECOND); /* before anything */
	feed_one(h, 1, syn);
	feed_one(h, 1, answer(&syn, 0x14, BEGIN + MS));
	feed_one(h, 1, segment(4, 2, 2, 2, BEGIN + MS));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		handshakes_idle(h, rows[i].idle_ns);
		assert_int_equal(given.n, rows[i].given);
	}
	assert_int_equal(given.outcomes[OUTCOME_REFUSED], 1);
	/* and then it goes on */
	syn = segment(6, 3, 3, 2, BEGIN + 70 * SECOND);
	assert_int_equal(feed_one(h, 1, syn).attempt, 3);
	assert_int_equal(feed_one(h, 1, answer(&syn, 0x12, syn.t_ns + MS)).attempt, 3);
	finish(&given, syn.t_ns + SECOND);
}

/*
 * Nothing comes for a while, time and again, and all are there in the end: those that wait for the first time, those
 * that sent more than one SYN, and those that were answered, which are given meanwhile.
 */
static void idle_among_many(void **state)
{
	const int64_t pause_ns = 20 * SECOND;
	struct handshakes *h = begin(&given, 64 << 20, 1, true);
	struct handshakes_counts c;
	struct sighting syn;
	uint32_t i, n = 0;
	int64_t t_ns = BEGIN, idle_ns;
	int turn;

	for (turn = 0; turn < 3; turn++, t_ns += pause_ns) {
		for (i = 0; i < 30000; i++, t_ns += MS / 100) {
			n++;
			syn = segment(4, n, (uint16_t)n, 2, t_ns);
			feed_one(h, 1, syn);
			if (i % 4 == 1)
				feed_one(h, 1, answer(&syn, 0x14, t_ns + MS));
			if (i % 4 == 2)
				feed_one(h, 1, segment(4, n, (uint16_t)n, 2, t_ns + SECOND / 100));
		}
		assert_true(given.n <= n - 30000);
		for (idle_ns = SECOND; idle_ns < pause_ns; idle_ns += SECOND / 4)
			handshakes_idle(h, idle_ns);
		/* what was answered is given, and silence is not: it may be the source's */
		assert_int_equal(given.n, n - 30000 + 7500);
		assert_int_equal(given.by_answer[REPLY_RST], n / 4);
	}
	handshakes_counts(h, &c);
	assert_int_equal(c.attempts, n);
	assert_int_equal(c.evicted + c.notes_lost + c.attempts_lost, 0);
	finish(&given, t_ns);
	assert_int_equal(given.n, n);
	assert_int_equal(given.by_answer[REPLY_NONE], n - n / 4);
}

/* The first packet's time is far ahead of all others, as of a clock that was set. */
static void clock_ahead(void **state)
{
	struct handshakes *h;
	struct sighting syn;
	uint32_t i;
	int once;

	for (once = 0; once < 2; once++) {
		h = begin(&given, 64 << 20, 1, once);
		feed_one(h, 1, segment(4, 1, 1, 2, 2 * BEGIN));
		for (i = 2; i <= 40000; i++) {
			syn = segment(4, i, (uint16_t)i, 2, BEGIN + (int64_t)i * MS);
			assert_int_equal(feed_one(h, 1, syn).attempt, i);
			if (i % 2)
				assert_int_equal(feed_one(h, 1, answer(&syn, 0x12, syn.t_ns + MS)).attempt, i);
		}
		finish(&given, 2 * BEGIN);
		assert_int_equal(given.n, 40000);
	}
}

/* One attempt of more SYNs and answers than are kept. */
static void more_than_is_kept(void **state)
{
	struct handshakes *h = begin(&given, 1 << 20, 1, false);
	struct sighting syn = segment(4, 1, 1, 2, BEGIN), s;
	struct handshakes_counts c;
	int i;

	given.in_full = true;
	for (i = 0; i < 1000; i++) {
		syn.t_ns += SECOND;
		syn.mark = (uint32_t)i;
		assert_int_equal(feed_one(h, 1, syn).attempt, 1);
	}
	for (i = 0; i < 100000; i++) {
		s = answer(&syn, i % 3 ? 0x12 : 0x14, syn.t_ns + i * 20 * MS);
		s.ack += i % 5 ? 1 : 500; /* wrong */
		s.ttl = (uint8_t)i;
		s.mark = (uint32_t)i;
		feed_one(h, 1, s);
	}
	c = counts(h);
	assert_int_equal(c.syns, 1000);
	assert_in_range(c.memory, 1, 1 << 20);
	c = finish(&given, syn.t_ns + 3000 * SECOND);
	assert_int_equal(c.attempts, 1);
	assert_int_equal(given.syns, 1000);
	assert_int_equal(c.notes_lost, 0);
}

/* Loads that ask for more memory than there is: the limit is kept, and what is lost is counted. */
enum load { BARE, BARE6, NOTES, RETRANSMITS, MIXED, N_LOADS };

static void put_load(struct handshakes *h, enum load load, uint32_t i, int64_t t_ns)
{
	struct sighting syn = segment(load == BARE6 || (load == MIXED && i % 3 == 1) ? 6 : 4, i, (uint16_t)i, 2, t_ns),
			s;
	uint32_t k, n = load == NOTES ? 40 : load == RETRANSMITS ? 5 : load == MIXED ? i % 7 : 0;

	syn.len = load == MIXED && i % 5 == 0 ? 5 : 0;
	feed_one(h, 9, syn);
	for (k = 0; k < n; k++) {
		if (load == RETRANSMITS) {
			s = syn;
			s.mark = k + 1;
		} else {
			s = answer(&syn, 0x12, t_ns);
			s.ack += k + 100;
			s.mark = k;
		}
		s.t_ns += 20 * MS * k;
		feed_one(h, 9, s);
	}
}

static void memory_limit(void **state)
{
	static const size_t limits[] = { 1 << 20, 3 << 20 };
	struct handshakes_counts c;
	enum load load;
	uint32_t i, n;
	size_t k;

	for (load = BARE; load < N_LOADS; load++) {
		for (k = 0; k < 2; k++) {
			struct handshakes *h = begin(&given, limits[k], 9, load == MIXED && k);

			n = load == NOTES ? 4000 : 50000;
			for (i = 0; i < n; i++) {
				put_load(h, load, i, BEGIN + i * 1000);
				if (i % 64)
					continue;
				c = counts(h);
				assert_true(c.memory <= limits[k]);
			}
			c = counts(h);
			assert_true(c.evicted > 0);
			assert_int_equal(c.attempts + c.attempts_lost, n);
			if (load == BARE || load == BARE6)
				assert_int_equal(c.notes_lost + c.attempts_lost, 0);
			/* a fifth of a share of the memory is used, at least */
			assert_true(c.open_max * (load == BARE ? 5 : 10) * 64 > limits[k] / (load == NOTES ? 40 : 1));
			finish(&given, BEGIN + 1000 * SECOND);
		}
	}
}

/* An ordinary connection; true when it was seen from begin to end. */
static bool connects(struct handshakes *h, uint32_t i, int64_t t_ns)
{
	struct sighting syn = segment(i % 2 ? 4 : 6, 1000000 + i, (uint16_t)i, 2, t_ns), ack = syn;
	uint32_t number = feed_one(h, 9, syn).attempt;

	ack.flags = 0x10;
	ack.seq++;
	ack.t_ns += 2 * MS;
	return number && feed_one(h, 9, answer(&syn, 0x12, t_ns + MS)).attempt == number &&
	       feed_one(h, 9, ack).attempt == number;
}

/* When a flood of any kind is over what else there is is followed as ever, be it connections or another flood. */
static void after_a_flood(void **state)
{
	struct handshakes_counts before, c;
	struct handshakes *h;
	enum load load;
	uint32_t i;

	for (load = BARE; load < N_LOADS; load++) {
		h = begin(&given, 2 << 20, 9, false);
		for (i = 0; i < (load == NOTES ? 5000 : 45000); i++)
			put_load(h, load, i, BEGIN + i * 10000);
		feed_one(h, 9, segment(4, 1, 1, 2, BEGIN + 100 * SECOND));
		before = counts(h);
		for (i = 0; i < 5000; i++)
			assert_true(connects(h, i, BEGIN + 100 * SECOND + i * MS));
		c = counts(h);
		assert_int_equal(c.notes_lost, before.notes_lost);
		assert_int_equal(c.attempts_lost, before.attempts_lost);
		assert_int_equal(c.evicted, before.evicted);
		for (i = 0; i < 7000; i++)
			feed_one(h, 9, segment(4, i, 7, 2, BEGIN + 200 * SECOND + i));
		c = counts(h);
		assert_int_equal(c.attempts_lost, before.attempts_lost);
		assert_int_equal(c.evicted, before.evicted);
		finish(&given, BEGIN + 1000 * SECOND);
		assert_int_equal(given.outcomes[OUTCOME_ESTABLISHED], 5000);
	}
}

static void during_a_flood(void **state)
{
	struct handshakes *h = begin(&given, 2 << 20, 9, false);
	struct handshakes_counts c;
	uint32_t i;

	for (i = 0; i < 200000; i++) {
		put_load(h, BARE, i, BEGIN + i * 10000);
		if (i % 100 == 0)
			assert_true(connects(h, i / 100, BEGIN + i * 10000));
	}
	c = counts(h);
	assert_int_equal(c.notes_lost + c.attempts_lost, 0);
	finish(&given, BEGIN + 1000 * SECOND);
	assert_int_equal(given.outcomes[OUTCOME_ESTABLISHED], 2000);
}

/* Whoever knows the seed can make all flows meet in a corner of the table: slow, but right. */
static void collisions(void **state)
{
	struct handshakes *h = begin(&given, 64 << 20, 9, false);
	struct sighting *syns = calloc(3000, sizeof(*syns)), s;
	uint32_t i, k, n = 0;

	for (i = 0; n < 3000; i++) {
		s = segment(4, i, (uint16_t)i, 2, BEGIN);
		sighting_set_hash(&s, 9);
		if ((s.flow_hash & 0xfff) < 20 || (s.flow_hash & 0xfff) > 0xff0)
			syns[n++] = s;
	}
	for (k = 0; k < 6; k++) {
		for (i = 0; i < n; i++) {
			syns[i].t_ns = BEGIN + (int64_t)(k * n + i) * MS;
			syns[i].seq += 100000;
			assert_int_equal(feed_one(h, 9, syns[i]).attempt, k * n + i + 1);
			if (i % 7 == 3)
				assert_int_equal(feed_one(h, 9, answer(&syns[i / 2], 0x12, syns[i].t_ns)).attempt,
						 k * n + i / 2 + 1);
		}
	}
	assert_true(given.n > 5000);
	finish(&given, BEGIN + 1000 * SECOND);
	free(syns);
}

/* All SYNs go from one port to one other: the time that it takes grows with them, not with their square. */
static void between_two_ports(void **state)
{
	struct handshakes *h = begin(&given, 64 << 20, 9, false);
	struct sighting syn = segment(4, 1, 1, 2, BEGIN), old, s;
	struct handshakes_counts c;
	uint32_t i;

	for (i = 1; i <= 200000; i++) {
		syn.seq += 1000;
		syn.t_ns += 10000;
		assert_int_equal(feed_one(h, 9, syn).attempt, i);
		if (i % 1000)
			continue;
		/* those before it can be answered, but for those that are long over */
		old = syn;
		old.seq -= 60 * 1000;
		assert_int_equal(feed_one(h, 9, answer(&old, 0x12, syn.t_ns)).attempt, i - 60);
		old.seq -= 10 * 1000;
		assert_int_equal(feed_one(h, 9, answer(&old, 0x12, syn.t_ns)).attempt, i);
		/* and others are found as ever */
		s = segment(6, i, 1, 2, syn.t_ns);
		assert_int_equal(feed_one(h, 9, s).attempt, i + 1);
		assert_int_equal(feed_one(h, 9, answer(&s, 0x12, syn.t_ns)).attempt, ++i);
	}
	c = finish(&given, syn.t_ns + 10 * SECOND);
	assert_int_equal(c.evicted + c.notes_lost + c.attempts_lost, 0);
	assert_int_equal(given.by_answer[REPLY_SYN_ACK], 2 * (200000 / 1000));
}

/* More attempts of one class of the filter than it can count: it never says too little. */
static void filter_that_is_full(void **state)
{
	struct handshakes *h = begin(&given, 64 << 20, 9, false);
	const uint8_t *awaited = handshakes_awaited(h);
	struct sighting *syns = calloc(270, sizeof(*syns)), s;
	uint32_t i, n = 0, class = 0;
	int64_t t_ns = BEGIN;

	for (i = 0; n < 270; i++) {
		s = segment(4, i, (uint16_t)(i >> 16), 2, BEGIN);
		sighting_set_hash(&s, 9); /* which fills what the class is of */
		class = n ? class : sighting_class(&s);
		if (sighting_class(&s) == class)
			syns[n++] = s;
	}
	for (i = 0; i < n; i++)
		feed_one(h, 9, syns[i]);
	for (i = 0; i < n; i++) {
		assert_true(awaited[class]);
		s = answer(&syns[i], 0x14, t_ns += MS);
		assert_int_equal(feed_one(h, 9, s).attempt, i + 1);
	}
	/* one by one, where it can count */
	class = (class + 1) % FLOW_CLASSES;
	for (i = 0; n > 70; i++) {
		s = segment(4, i, (uint16_t)(i >> 16), 2, t_ns);
		sighting_set_hash(&s, 9);
		if (sighting_class(&s) == class)
			feed_one(h, 9, syns[--n] = s);
	}
	for (; n < 270; n++) {
		assert_int_equal(awaited[class], 270 - n);
		feed_one(h, 9, answer(&syns[n], 0x14, t_ns + MS));
	}
	assert_int_equal(awaited[class], 0);
	finish(&given, t_ns + SECOND);
	free(syns);
}

#define PAIRS 28 /* of attempts of one flow */

/*
 * Two attempts of a flow each, a[] and later b[], which lie in the table in the
 * other order: b[] are where others were before, and then it grew.
 */
static int64_t make_pairs(struct handshakes *h, struct sighting *a, struct sighting *b)
{
	int64_t t_ns = BEGIN;
	struct sighting again;
	uint32_t i;

	for (i = 0; i < 10000; i++)
		feed_one(h, 9, segment(4, i, 1, 2, t_ns += MS / 10));
	for (i = 0; i < PAIRS; i++) {
		a[i] = segment(4, i, 3, 2, t_ns);
		a[i].len = i % 7 == 6 ? 5000 : 0;
		a[i].path = 1; /* so that b[] do not take their place */
		a[i].attempt = feed_one(h, 9, a[i]).attempt;
	}
	t_ns += 30 * SECOND;
	for (i = 0; i < PAIRS; i++) { /* they wait long, for they have done so before */
		again = a[i];
		again.t_ns = t_ns;
		again.mark = 1;
		assert_int_equal(feed_one(h, 9, again).attempt, a[i].attempt);
	}
	for (i = 0; i < 3000; i++)
		feed_one(h, 9, segment(4, i, 4, 2, t_ns += MS / 10));
	for (i = 0; i < PAIRS; i++) {
		b[i] = a[i];
		b[i].len = 0;
		b[i].path = 0;
		b[i].seq += 1000;
		b[i].t_ns = t_ns;
		b[i].attempt = feed_one(h, 9, b[i]).attempt;
		assert_int_equal(b[i].attempt, 10000 + PAIRS + 3000 + i + 1);
	}
	for (i = 0; i < 40000; i++)
		feed_one(h, 9, segment(4, i, 6, 2, t_ns + i * 20000));
	return t_ns + SECOND;
}

/* Of several attempts of a flow the youngest is meant, wherever they lie in the table. */
static void the_youngest(void **state)
{
	struct handshakes *h = begin(&given, 64 << 20, 9, false);
	struct sighting a[PAIRS], b[PAIRS], s;
	int64_t t_ns = make_pairs(h, a, b);
	uint32_t i, expected;

	for (i = 0; i < PAIRS; i++) {
		s = b[i];
		expected = b[i].attempt;
		switch (i % 7) {
		case 0: /* a SYN-ACK that fits none */
			s = answer(&b[i], 0x12, t_ns);
			s.ack += 500000;
			break;
		case 1: /* an ICMP error that quotes no sequence number */
			s.kind = SIGHTING_ICMP;
			s.icmp_type = 3;
			break;
		case 2: /* the client's RST */
			s.flags = TCP_RST;
			break;
		case 3: /* its ACK, which is near to what both began */
			s.flags = TCP_ACK;
			s.seq += 2000;
			break;
		case 4: /* a SYN of the other end, which makes the SYN-ACK complete one; the other waits on */
			feed_one(h, 9, answer(&b[i], TCP_SYN, t_ns));
			feed_one(h, 9, answer(&b[i], 0x12, t_ns));
			s = answer(&b[i], 0x12, t_ns);
			s.ack += 500000;
			expected = a[i].attempt;
			break;
		case 5: /* an RST that fits none, after both were refused */
			feed_one(h, 9, answer(&b[i], 0x14, t_ns));
			feed_one(h, 9, answer(&a[i], 0x14, t_ns));
			s = answer(&b[i], 0x14, t_ns);
			s.ack += 500000;
			break;
		default: /* a SYN-ACK that fits both, since one had data */
			s = answer(&b[i], 0x12, t_ns);
			break;
		}
		s.t_ns = t_ns;
		assert_int_equal(feed_one(h, 9, s).attempt, expected);
	}
	finish(&given, t_ns + SECOND);
}

/* What had news after it was decided waits again, however many are decided after it. */
static void late_news(void **state)
{
	struct handshakes *h = begin(&given, 64 << 20, 9, false);
	struct sighting syn = segment(4, 1, 1, 2, BEGIN);
	int64_t t_ns = BEGIN;
	uint32_t i;

	feed_one(h, 9, syn);
	for (i = 0; i < 100; i++)
		feed_one(h, 9, segment(4, i, 2, 2, t_ns += 20 * MS));
	syn.t_ns = t_ns += 10 * SECOND;
	syn.mark = 1;
	assert_int_equal(feed_one(h, 9, syn).attempt, 1);
	for (i = 0; i < 15000; i++)
		feed_one(h, 9, segment(4, i, 3, 2, t_ns += MS));
	assert_int_equal(given.times[1], 0);
	assert_int_equal(given.times[2], 1);
	assert_int_equal(feed_one(h, 9, answer(&syn, 0x12, t_ns)).attempt, 1);
	finish(&given, t_ns + SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_and_batches), cmocka_unit_test(at_once),
		cmocka_unit_test(idle_among_many),   cmocka_unit_test(clock_ahead),
		cmocka_unit_test(more_than_is_kept), cmocka_unit_test(memory_limit),
		cmocka_unit_test(after_a_flood),     cmocka_unit_test(during_a_flood),
		cmocka_unit_test(collisions),	     cmocka_unit_test(filter_that_is_full),
		cmocka_unit_test(the_youngest),	     cmocka_unit_test(between_two_ports),
		cmocka_unit_test(late_news),	     cmocka_unit_test(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
