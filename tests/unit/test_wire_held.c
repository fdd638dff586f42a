/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that a wire holds: when they come out, and in what order. */
#include "tests/unit/wire_script.h"

#include "util/duration.h"

/* The handshake's packets come late, and data passes them by. */
static void delays(void **state)
{
	struct script s = { .version = 6 };

	script_start(&s, FAULTS("delay:100ms"), 1);
	script_syn(&s, 0, 1000);
	script_expect(&s, "0 told 0 delayed syn 0\n");
	assert_int_equal(wire_due_ns(s.w), 100 * NS_PER_MS);
	script_advance(&s, 99);
	script_expect(&s, "");
	script_advance(&s, 100);
	script_expect(&s, "100 far S 1000\n");
	script_syn_ack(&s, 101, 1000);
	script_advance(&s, 201);
	script_expect(&s, "101 told 0 delayed reply-syn 0\n201 client SA 5000/1001\n");
	script_ack(&s, 202, 1000);
	script_data(&s, 203, WIRE_CLIENT, 1000);
	script_data(&s, 204, WIRE_FAR, 1000);
	script_advance(&s, 302);
	script_expect(&s, "202 told 0 delayed later 0\n203 far A 1001/5001 +5\n204 client A 5001/1001 +5\n"
			  "302 far A 1001/5001\n");
	script_end(&s);
}

static void delays_of_all(void **state)
{
	struct script s = { 0 };

	script_start(&s, FAULTS("delay-all:10ms"), 1);
	script_syn(&s, 0, 1000);
	script_syn_ack(&s, 20, 1000); /* what is due goes first */
	script_ack(&s, 40, 1000);
	script_data(&s, 40, WIRE_CLIENT, 1000); /* equal times: in order */
	script_data(&s, 41, WIRE_FAR, 1000);
	script_advance(&s, 60);
	script_expect(&s, "0 told 0 delayed syn 0\n20 far S 1000\n20 told 0 delayed reply-syn 0\n"
			  "40 client SA 5000/1001\n40 told 0 delayed later 0\n"
			  "60 far A 1001/5001\n60 far A 1001/5001 +5\n60 client A 5001/1001 +5\n");
	script_end(&s);
}

static void equal_times(void **state)
{
	struct segment g = { .from = WIRE_CLIENT, .flags = TCP_ACK, .ack = 5001, .payload = 1 };
	struct buf expected = { 0 };
	struct script s = { .quiet = true };

	script_start(&s, FAULTS("delay-all:10ms"), 1);
	script_syn(&s, 0, 1000);
	buf_str(&expected, "10 far S 1000\n");
	for (g.seq = 1001; g.seq < 1200; g.seq++) {
		script_feed(&s, 0, &g);
		buf_fmt(&expected, "10 far A %u/5001 +1\n", g.seq);
	}
	script_advance(&s, 10);
	script_expect(&s, buf_text(&expected));
	buf_fini(&expected);
	script_end(&s);
}

/* The time that the n-th SYN is held. */
static int64_t held_ns(uint64_t seed, int nth, uint32_t isn)
{
	struct script s = { .quiet = true };
	int64_t ns;
	int i;

	script_start(&s, FAULTS("delay:100ms+-20ms"), seed);
	for (i = 0; i <= nth; i++) {
		script_advance(&s, 1000 * i);
		script_syn(&s, 1000 * i, isn);
	}
	ns = wire_due_ns(s.w) - s.now_ns;
	script_advance(&s, 1000 * i);
	buf_reset(&s.out);
	script_end(&s);
	return ns;
}

static void jitter(void **state)
{
	int64_t low = INT64_MAX, high = 0, ns;
	int i;

	for (i = 0; i < 200; i++) {
		ns = held_ns((uint64_t)i, 0, 1000);
		low = ns < low ? ns : low;
		high = ns > high ? ns : high;
	}
	assert_true(low >= 80 * NS_PER_MS && low < 82 * NS_PER_MS);
	assert_true(high <= 120 * NS_PER_MS && high > 118 * NS_PER_MS);
	assert_int_equal(held_ns(3, 2, 1000), held_ns(3, 2, 77)); /* the ISN does not matter */
	assert_int_not_equal(held_ns(3, 1, 1000), held_ns(3, 2, 1000));
}

static void reorders(void **state)
{
	struct script s = { 0 };

	script_start(&s, FAULTS("reorder"), 1);
	/* Nothing follows a SYN: it is late. */
	script_syn(&s, 0, 1000);
	assert_int_equal(wire_due_ns(s.w), 20 * NS_PER_MS);
	script_advance(&s, 20);
	script_expect(&s, "0 told 0 reordered syn 0\n20 far S 1000\n");
	/* The other direction lets nothing go; the next one in its own does. */
	script_syn_ack(&s, 21, 1000);
	script_ack(&s, 22, 1000);
	script_expect(&s, "21 told 0 reordered reply-syn 0\n22 told 0 reordered later 0\n");
	script_data(&s, 23, WIRE_CLIENT, 1000);
	script_expect(&s, "23 far A 1001/5001 +5\n23 far A 1001/5001\n");
	script_data(&s, 24, WIRE_FAR, 1000);
	script_expect(&s, "24 client A 5001/1001 +5\n24 client SA 5000/1001\n");
	assert_int_equal(wire_due_ns(s.w), INT64_MAX);
	script_end(&s);
}

/* A packet behind a reordered one that is held itself takes it along, but not beyond its time. */
static void reorders_with_delay(void **state)
{
	struct script s = { 0 };

	script_start(&s, FAULTS("reorder", "delay-all:50ms"), 1);
	script_syn(&s, 0, 1000);
	assert_int_equal(wire_due_ns(s.w), 70 * NS_PER_MS);
	/* Due at 55, and the first one right behind it. */
	script_feed(&s, 5, &(struct segment){ .flags = TCP_SYN, .seq = 1000, .payload = 1 });
	assert_int_equal(wire_due_ns(s.w), 55 * NS_PER_MS);
	script_advance(&s, 55);
	script_expect(&s, "0 told 0 reordered syn 0\n0 told 1 delayed syn 0\n5 told 1 delayed syn 1\n"
			  "55 far S 1000 +1\n55 far S 1000\n");
	script_syn(&s, 100, 1000);
	script_syn(&s, 130, 1000); /* due at 180: too late to follow it */
	script_advance(&s, 170);
	script_expect(&s, "100 told 0 reordered syn 2\n100 told 1 delayed syn 2\n130 told 1 delayed syn 3\n"
			  "170 far S 1000\n");
	script_advance(&s, 180);
	script_expect(&s, "180 far S 1000\n");
	script_end(&s);
}

/* What waited for a handshake that is forgotten leaves in its time. */
static void reordered_alone(void **state)
{
	struct script s = { 0 };

	script_start(&s, FAULTS("reorder"), 1);
	script_syn(&s, 0, 1000);
	script_syn(&s, 1, 2000); /* the port is used again */
	script_advance(&s, 20);
	script_advance(&s, 21);
	script_expect(&s, "0 told 0 reordered syn 0\n1 told 0 reordered syn 0\n20 far S 1000\n21 far S 2000\n");
	script_end(&s);
}

/* A place in the table that is taken over, while a packet of the one before still waits. */
static void reordered_taken_over(void **state)
{
	struct script s = { .quiet = true };
	size_t before;
	int i;

	script_start(&s, FAULTS("reorder"), 1);
	script_syn(&s, 0, 1000);
	for (i = 0; i < WIRE_HANDSHAKES_MAX; i++) {
		s.client = (uint16_t)(1 + i);
		script_syn(&s, 10, 1000);
	}
	assert_int_equal(wire_forgotten(s.w), 1);
	script_advance(&s, 20);
	assert_int_equal(s.n_out, 1);
	/* The last one has the place of the first: its own waits on, and follows its next. */
	before = s.n_out;
	script_syn(&s, 21, 1000);
	assert_int_equal(s.n_out, before + 2);
	script_advance(&s, 30);
	assert_int_equal(s.n_out, WIRE_HANDSHAKES_MAX + 2);
	buf_reset(&s.out);
	script_end(&s);
}

/* The next one lets it go no earlier than its delay. */
static void reorders_after_delay(void **state)
{
	struct script s = { .quiet = true };

	script_start(&s, FAULTS("delay:10ms", "reorder"), 1);
	script_syn(&s, 0, 1000);
	script_advance(&s, 30);
	script_ack(&s, 100, 1000);
	assert_int_equal(wire_due_ns(s.w), 130 * NS_PER_MS);
	script_data(&s, 101, WIRE_CLIENT, 1000);
	assert_int_equal(wire_due_ns(s.w), 110 * NS_PER_MS);
	script_advance(&s, 110);
	script_expect(&s, "30 far S 1000\n101 far A 1001/5001 +5\n110 far A 1001/5001\n");
	script_end(&s);
}

/* What is held back is bounded; what finds no room goes at once, is counted, and is not told. */
static void held_bound(void **state)
{
	struct segment g = { .flags = TCP_ACK, .seq = 1001, .ack = 5001, .payload = 60000 };
	struct script s = { .quiet = true };
	size_t held, i;

	script_start(&s, FAULTS("delay-all:1s"), 1);
	script_syn(&s, 0, 1000);
	for (i = 0; i < 600; i++)
		script_feed(&s, 1, &g);
	held = 601 - s.n_out;
	assert_true(held * 60000 <= WIRE_HELD_MAX && (held + 1) * 60000 > WIRE_HELD_MAX - (1 << 20));
	assert_int_equal(wire_unheld(s.w), s.n_out);
	while (wire_unheld(s.w) < 1000) {
		i = wire_unheld(s.w);
		s.n_told = 0;
		script_syn(&s, 2, 1000); /* small ones fill what is left */
		assert_int_equal(s.n_told + wire_unheld(s.w), i + 1);
	}
	script_advance(&s, 3000);
	assert_int_equal(wire_due_ns(s.w), INT64_MAX);
	/* There is room again. */
	i = wire_unheld(s.w);
	for (held = 0; held < 500; held++)
		script_feed(&s, 3001, &g);
	assert_int_equal(wire_unheld(s.w), i);
	script_advance(&s, 5000);
	buf_reset(&s.out);
	script_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays),
		cmocka_unit_test(delays_of_all),
		cmocka_unit_test(equal_times),
		cmocka_unit_test(jitter),
		cmocka_unit_test(reorders),
		cmocka_unit_test(reorders_with_delay),
		cmocka_unit_test(reorders_after_delay),
		cmocka_unit_test(reordered_alone),
		cmocka_unit_test(reordered_taken_over),
		cmocka_unit_test(held_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
