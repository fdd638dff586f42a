/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floods, and flows that meet in the table: memory has its limit, and the rest is followed as ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/unit/handshakes_given.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_limit),	       cmocka_unit_test(after_a_flood),
		cmocka_unit_test(during_a_flood),      cmocka_unit_test(collisions),
		cmocka_unit_test(filter_that_is_full), cmocka_unit_test(the_youngest),
		cmocka_unit_test(between_two_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
