/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts by the ten thousand: none is lost or told twice, and chance changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/unit/handshakes_given.h"
#include "tests/unit/random.h"

#define BATCH_MAX 64

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
		cmocka_unit_test(seeds_and_batches),
		cmocka_unit_test(at_once),
		cmocka_unit_test(idle_among_many),
		cmocka_unit_test(clock_ahead),
		cmocka_unit_test(more_than_is_kept),
		cmocka_unit_test(late_news),
		cmocka_unit_test(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
