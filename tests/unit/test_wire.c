/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/wire_script.h"

#include <stdio.h>
#include <string.h>

#include "lab/wire_table.h"
#include "packet/ip.h"
#include "tests/unit/made.h"
#include "util/duration.h"

#define FAULTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const int versions[] = { 4, 6 };

/* One SYN, its answer, the ACK, the SYN again: with this fault, in both families, this comes out. */
static void handshake_is(const char *fault, const char *expected)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		struct script s = { .version = versions[i] };

		script_start(&s, FAULTS(fault), 1);
		script_syn(&s, 0, 1000);
		script_syn(&s, 1000, 1000);
		script_syn_ack(&s, 1001, 1000);
		script_syn_ack(&s, 2000, 1000);
		script_ack(&s, 2001, 1000);
		script_data(&s, 2002, WIRE_CLIENT, 1000);
		script_data(&s, 2003, WIRE_FAR, 1000);
		script_expect(&s, expected);
		assert_int_equal(wire_due_ns(s.w), INT64_MAX);
		script_end(&s);
	}
}

#define SYN_0 "0 far S 1000\n"
#define SYN_1 "1000 far S 1000\n"
#define SYN_ACK_0 "1001 client SA 5000/1001\n"
#define SYN_ACK_1 "2000 client SA 5000/1001\n"
#define THE_ACK "2001 far A 1001/5001\n"
#define CLIENT_DATA "2002 far A 1001/5001 +5\n"
#define FAR_DATA "2003 client A 5001/1001 +5\n"
#define LATER SYN_ACK_0 SYN_ACK_1 THE_ACK CLIENT_DATA FAR_DATA

static void drops(void **state)
{
	handshake_is("syn-drop:1", "0 told 0 dropped syn 0\n" SYN_1 LATER);
	handshake_is("syn-drop", "0 told 0 dropped syn 0\n1000 told 0 dropped syn 1\n" LATER);
	handshake_is("synack-drop:1",
		     SYN_0 SYN_1 "1001 told 0 dropped reply-syn 0\n" SYN_ACK_1 THE_ACK CLIENT_DATA FAR_DATA);
	handshake_is("synack-drop", SYN_0 SYN_1
		     "1001 told 0 dropped reply-syn 0\n2000 told 0 dropped reply-syn 1\n" THE_ACK CLIENT_DATA FAR_DATA);
	handshake_is("ack-drop:1",
		     SYN_0 SYN_1 SYN_ACK_0 SYN_ACK_1 "2001 told 0 dropped later 0\n" CLIENT_DATA FAR_DATA);
	handshake_is("ack-drop", SYN_0 SYN_1 SYN_ACK_0 SYN_ACK_1
		     "2001 told 0 dropped later 0\n2002 told 0 dropped later 1\n" FAR_DATA);
	handshake_is("loss:100%", "0 told 0 dropped syn 0\n1000 told 0 dropped syn 1\n" LATER);
	handshake_is("loss:0%", SYN_0 SYN_1 LATER);
	handshake_is("loss-all:100%",
		     "0 told 0 dropped syn 0\n1000 told 0 dropped syn 1\n1001 told 0 dropped reply-syn 0\n"
		     "2000 told 0 dropped reply-syn 1\n2001 told 0 dropped later 0\n2002 told 0 dropped later 1\n"
		     "2003 told 0 dropped reply 0\n");
}

/* What the wire does not do. */
static void not_ours(void **state)
{
	handshake_is("no-accept", SYN_0 SYN_1 LATER);
	handshake_is("firewall:drop", SYN_0 SYN_1 LATER);
	handshake_is("syn-drop@:81", SYN_0 SYN_1 LATER);
}

static void resets(void **state)
{
	handshake_is("rst", "0 client RA 0/1001\n0 told 0 answered syn 0\n"
			    "1000 client RA 0/1001\n1000 told 0 answered syn 1\n" LATER);
	handshake_is("rst:bad-ack", "0 client RA 0/16778217\n0 told 0 answered syn 0\n"
				    "1000 client RA 0/16778217\n1000 told 0 answered syn 1\n" LATER);
}

/* The server's number is made up, but not zero, and the same for the same seed. */
static void bad_syn_acks(void **state)
{
	unsigned int seq[3], ack;
	int i;

	for (i = 0; i < 3; i++) {
		struct script s = { .version = i ? 4 : 6 };

		script_start(&s, FAULTS("synack:bad-ack"), 7);
		script_syn(&s, 0, 1000);
		assert_int_equal(
			sscanf(buf_text(&s.out), "0 client SA %u/%u\n0 told 0 answered syn 0\n", &seq[i], &ack), 2);
		assert_int_equal(ack, 1001 + 0x1000000);
		assert_int_equal(s.n_out, 1);
		buf_reset(&s.out);
		script_end(&s);
	}
	assert_int_equal(seq[1], seq[2]);
	assert_true(seq[0] != seq[1] && seq[0] && seq[1]);
}

static void icmp_is(int version, const char *kind, const char *expected)
{
	struct script s = { .version = version };
	char fault[64];

	snprintf(fault, sizeof(fault), "icmp:%s", kind);
	script_start(&s, FAULTS(fault), 1);
	script_syn(&s, 5, 1000);
	script_expect(&s, expected);
	script_syn_ack(&s, 6, 1000);
	script_expect(&s, "6 client SA 5000/1001\n");
	script_end(&s);
}

static void icmps(void **state)
{
	static const struct {
		const char *kind, *v4, *v6;
	} rows[] = {
		{ "net", "3/0 from 192.0.2.1", "1/0 from 2001:db8:ffff::1" },
		{ "host", "3/1 from 10.0.0.2", "1/3 from fd00::2" },
		{ "port", "3/3 from 10.0.0.2", "1/4 from fd00::2" },
		{ "proto", "3/2 from 10.0.0.2", "4/1 (6) from fd00::2" },
		{ "admin", "3/13 from 192.0.2.1", "1/1 from 2001:db8:ffff::1" },
		{ "net-admin", "3/9 from 192.0.2.1", "1/1 from 2001:db8:ffff::1" },
		{ "host-admin", "3/10 from 192.0.2.1", "1/1 from 2001:db8:ffff::1" },
		{ "frag", "3/4 (1280) from 192.0.2.1", "2/0 (1280) from 2001:db8:ffff::1" },
		{ "ttl", "11/0 from 192.0.2.1", "3/0 from 2001:db8:ffff::1" },
		{ "noroute", NULL, "1/0 from 2001:db8:ffff::1" },
		{ "addr", NULL, "1/3 from fd00::2" },
		{ "policy", NULL, "1/5 from 2001:db8:ffff::1" },
		{ "reject-route", NULL, "1/6 from 2001:db8:ffff::1" },
		{ "too-big", NULL, "2/0 (1280) from 2001:db8:ffff::1" },
		{ "hop-limit", NULL, "3/0 from 2001:db8:ffff::1" },
	};
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "5 client icmp %s 1000\n5 told 0 answered syn 0\n",
			 rows[i].v4 ? rows[i].v4 : "");
		icmp_is(4, rows[i].kind, rows[i].v4 ? text : "5 far S 1000\n");
		snprintf(text, sizeof(text), "5 client icmp %s 1000\n5 told 0 answered syn 0\n", rows[i].v6);
		icmp_is(6, rows[i].kind, text);
	}
}

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

static void duplicates(void **state)
{
	handshake_is("duplicate", SYN_0 SYN_0 "0 told 0 duplicated syn 0\n" SYN_1 SYN_1
					      "1000 told 0 duplicated syn 1\n" SYN_ACK_0 SYN_ACK_0
					      "1001 told 0 duplicated reply-syn 0\n" SYN_ACK_1 SYN_ACK_1
					      "2000 told 0 duplicated reply-syn 1\n" THE_ACK THE_ACK
					      "2001 told 0 duplicated later 0\n" CLIENT_DATA FAR_DATA);
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

/* A closed port's RST is the answer, too; what resets a connection is not. */
static void resets_of_the_far_end(void **state)
{
	struct segment rst = { .from = WIRE_FAR, .flags = TCP_RST | TCP_ACK, .ack = 1001 };
	struct script s = { 0 };

	script_start(&s, FAULTS("delay:10ms"), 1);
	script_syn(&s, 0, 1000);
	script_feed(&s, 10, &rst);
	script_advance(&s, 20);
	script_expect(&s, "0 told 0 delayed syn 0\n10 far S 1000\n10 told 0 delayed reply 0\n20 client RA 0/1001\n");
	script_syn_ack(&s, 30, 1000);
	script_feed(&s, 40, &rst);
	script_expect(&s, "30 told 0 delayed reply-syn 0\n40 client SA 5000/1001\n40 client RA 0/1001\n");
	script_end(&s);
}

/* A client that had to reset a wrong answer before: the ACK is still its first. */
static void resets_of_the_client(void **state)
{
	struct script s = { 0 };

	script_start(&s, FAULTS("ack-drop:1"), 1);
	script_syn(&s, 0, 1000);
	script_feed(&s, 1, &(struct segment){ .from = WIRE_CLIENT, .flags = TCP_RST, .seq = 9 });
	script_ack(&s, 2, 1000);
	script_feed(&s, 3, &(struct segment){ .from = WIRE_CLIENT, .flags = TCP_RST, .seq = 9 });
	script_expect(&s, "0 far S 1000\n1 told 0 dropped later 0\n2 told 0 dropped later 0\n3 far R 9\n");
	script_end(&s);
}

/* SYNs of so many handshakes to the script's server that a loss lets through, as 0 and 1. */
static void losses_of(struct script *s, char *to, int n)
{
	size_t before;
	int i;

	for (i = 0; i < n; i++) {
		before = s->n_out;
		s->client = (uint16_t)(1000 + i / 4);
		script_syn(s, i, 5000 + (uint32_t)(i / 4));
		to[i] = s->n_out > before ? '1' : '0';
	}
	to[n] = 0;
	buf_reset(&s->out);
}

static void losses(void **state)
{
	char texts[5][4001];
	struct script s;
	int i, n = 0;

	for (i = 0; i < 5; i++) {
		s = (struct script){ .version = i == 4 ? 6 : 4, .host = i == 3 ? 9 : 0, .quiet = true };
		script_start(&s, FAULTS("loss:30%"), i == 2 ? 8 : 7);
		losses_of(&s, texts[i], 4000);
		assert_int_equal(s.n_out + s.n_told, 4000);
		script_end(&s);
	}
	for (i = 0; i < 4000; i++)
		n += texts[0][i] == '0';
	assert_true(n > 1100 && n < 1300);
	assert_string_equal(texts[0], texts[1]);
	assert_string_not_equal(texts[0], texts[2]); /* another seed */
	assert_string_not_equal(texts[0], texts[3]); /* another server */
	assert_string_not_equal(texts[0], texts[4]);
}

/* Each of two losses has luck of its own. */
static void two_losses(void **state)
{
	struct script s = { .quiet = true };
	char text[4001];
	int i, n = 0;

	script_start(&s, FAULTS("loss:50%", "loss:50%"), 7);
	losses_of(&s, text, 4000);
	script_end(&s);
	for (i = 0; i < 4000; i++)
		n += text[i] == '0';
	assert_true(n > 2900 && n < 3100);
}

static void stale(void **state)
{
	struct script s = { 0 };
	size_t i;

	for (i = 0; i < 2; i++) {
		s = (struct script){ .version = versions[i] };
		script_start(&s, FAULTS("conntrack-stale"), 1);
		script_syn(&s, 0, 1000);
		script_syn(&s, 1000, 1000);
		script_ack(&s, 1001, 1000);
		s.client = 40001;
		script_syn(&s, 2000, 7000);
		script_ack(&s, 2001, 7000);
		s.client = 40000;
		script_syn(&s, 3000, 8000); /* a new connection from that port */
		s.server = 81;
		script_syn(&s, 4000, 9000); /* another server */
		script_expect(&s, "0 told 0 dropped syn 0\n1000 told 0 dropped syn 1\n1001 told 0 dropped later 0\n"
				  "2000 far S 7000\n2001 far A 7001/5001\n"
				  "3000 told 0 dropped syn 0\n4000 told 0 dropped syn 0\n");
		script_end(&s);
	}
}

static const uint8_t offered[] = { 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 34, 2, 30, 4, 0, 1, 1, 1 };

static void feed_offers(struct script *s, int at_ms, uint16_t flags)
{
	script_feed(s, at_ms,
		    &(struct segment){ .from = flags & TCP_ACK ? WIRE_FAR : WIRE_CLIENT,
				       .flags = flags | TCP_ECE,
				       .seq = flags & TCP_ACK ? 5000 : 1000,
				       .ack = flags & TCP_ACK ? 1001 : 0,
				       .options = bytes_of(offered, sizeof(offered)) });
}

/* That what is stripped is gone is tested in test_forge.c; here: from which packets. */
static void strips(void **state)
{
	static const char *const words[] = { "sack", "timestamps", "mptcp", "tfo", "ecn" };
	char fault[32], text[256];
	size_t i, k;

	for (k = 0; k < 4; k++) {
		for (i = 0; i < 5; i++) {
			struct script s = { .version = versions[k & 1] };
			const char *e = i == 4 ? "" : "E";

			s.vh.flags = k & 2 ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0;
			s.vh.csum_start = 34;
			snprintf(fault, sizeof(fault), "strip:%s", words[i]);
			script_start(&s, FAULTS(fault), 1);
			feed_offers(&s, 0, TCP_SYN);
			feed_offers(&s, 1, TCP_SYN | TCP_ACK);
			feed_offers(&s, 2, TCP_ACK);
			snprintf(text, sizeof(text),
				 "0 far S%s 1000\n0 told 0 stripped syn 0\n1 client SA%s 5000/1001\n"
				 "1 told 0 stripped reply-syn 0\n2 client AE 5000/1001\n",
				 e, e);
			script_expect(&s, text);
			script_end(&s);
		}
	}
}

static void offers(void **state)
{
	static const char *const words[] = { "sack", "timestamps", "mptcp", "tfo", "ecn" };
	char fault[32];
	size_t i;

	for (i = 0; i < 5; i++) {
		struct script s = { 0 };

		snprintf(fault, sizeof(fault), "drop-option:%s", words[i]);
		script_start(&s, FAULTS(fault), 1);
		feed_offers(&s, 0, TCP_SYN);
		feed_offers(&s, 1, TCP_SYN | TCP_ACK);
		script_syn(&s, 2, 1000);
		script_expect(&s, "0 told 0 dropped syn 0\n1 client SAE 5000/1001\n2 far S 1000\n");
		script_end(&s);
	}
}

static void scopes(void **state)
{
	static const struct {
		const char *fault;
		int version;
		uint8_t host;
		uint16_t port;
		bool drops;
	} rows[] = {
		{ "syn-drop@v4", 4, 2, 80, true },
		{ "syn-drop@v4", 6, 2, 80, false },
		{ "syn-drop@v6", 6, 2, 80, true },
		{ "syn-drop@10.0.0.3", 4, 3, 80, true },
		{ "syn-drop@10.0.0.3", 4, 2, 80, false },
		{ "syn-drop@[fd00::3]:443", 6, 3, 443, true },
		{ "syn-drop@[fd00::3]:443", 6, 3, 80, false },
		{ "syn-drop@:443", 4, 9, 443, true },
		{ "syn-drop@db.internal", 4, 2, 80, false },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script s = { .version = rows[i].version, .host = rows[i].host, .server = rows[i].port };

		script_start(&s, FAULTS(rows[i].fault), 1);
		script_syn(&s, 0, 1000);
		script_expect(&s, rows[i].drops ? "0 told 0 dropped syn 0\n" : "0 far S 1000\n");
		script_end(&s);
	}
}

/* The first that decides, decides; what went before it is not told of a packet that is gone. */
static void two_faults(void **state)
{
	struct script s = { 0 };

	script_start(&s, FAULTS("syn-drop:1", "rst"), 1);
	script_syn(&s, 0, 1000);
	script_syn(&s, 1000, 1000);
	script_expect(&s, "0 told 0 dropped syn 0\n1000 client RA 0/1001\n1000 told 1 answered syn 1\n");
	script_end(&s);
	s = (struct script){ 0 };
	script_start(&s, FAULTS("duplicate", "delay:10ms", "delay:5ms@v4", "synack-drop:1"), 1);
	script_syn(&s, 0, 1000);
	script_advance(&s, 15);
	script_syn_ack(&s, 16, 1000);
	script_syn_ack(&s, 17, 1000);
	script_advance(&s, 32);
	script_expect(&s, "0 told 0 duplicated syn 0\n0 told 1 delayed syn 0\n0 told 2 delayed syn 0\n"
			  "15 far S 1000\n15 far S 1000\n16 told 3 dropped reply-syn 0\n"
			  "17 told 0 duplicated reply-syn 1\n17 told 1 delayed reply-syn 1\n"
			  "17 told 2 delayed reply-syn 1\n32 client SA 5000/1001\n32 client SA 5000/1001\n");
	script_end(&s);
	/* What was stripped is no offence any more. */
	s = (struct script){ 0 };
	script_start(&s, FAULTS("strip:ecn", "strip:sack", "drop-option:ecn", "drop-option:sack"), 1);
	feed_offers(&s, 0, TCP_SYN);
	script_expect(&s, "0 far S 1000\n0 told 0 stripped syn 0\n0 told 1 stripped syn 0\n");
	script_end(&s);
}

/* Another ISN is another handshake, with counts of its own; an answer to the old one is none to it. */
static void ports_used_again(void **state)
{
	struct script s = { 0 };

	script_start(&s, FAULTS("syn-drop:1", "synack-drop"), 1);
	script_syn(&s, 0, 1000);
	script_syn(&s, 1, 1000);
	script_syn(&s, 2, 900000);
	script_syn(&s, 3, 900000);
	script_syn_ack(&s, 4, 1000);
	script_syn_ack(&s, 5, 900000);
	script_expect(&s, "0 told 0 dropped syn 0\n1 far S 1000\n2 told 0 dropped syn 0\n3 far S 900000\n"
			  "4 client SA 5000/1001\n5 told 1 dropped reply-syn 0\n");
	assert_int_equal(wire_forgotten(s.w), 0);
	script_end(&s);
}

/* Whatever is no plain TCP segment, or of no known connection, goes through with all its bytes. */
static void passes(void **state)
{
	static const struct made_frame frames[] = {
		{ .linktype = 1, .version = 0 },
		{ .linktype = 1, .version = 4, .protocol = PROTO_UDP, .payload = 9 },
		{ .linktype = 1, .version = 6, .protocol = PROTO_ICMPV6, .flags = 135 },
		{ .linktype = 1, .version = 4, .protocol = PROTO_TCP, .flags = TCP_SYN, .vlans = 1 },
		{ .linktype = 1, .version = 4, .protocol = PROTO_TCP, .flags = TCP_ACK, .payload = 60000 },
		{ .linktype = 1, .version = 6, .protocol = PROTO_TCP, .flags = TCP_RST },
	};
	struct script s = { .quiet = true };
	struct buf frame = { 0 };
	size_t i;

	/* Not through script_feed(): most of these decode to nothing. */
	script_start(&s, FAULTS("loss-all:100%"), 1);
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		buf_reset(&frame);
		made_frame(&frame, &frames[i]);
		s.through = made_bytes(&frame);
		wire_feed(s.w, i & 1 ? WIRE_FAR : WIRE_CLIENT, &s.vh, (uint8_t *)frame.data, frame.len, 0);
		assert_int_equal(s.n_out, i + 1);
	}
	/* A first fragment of a SYN. */
	buf_reset(&frame);
	made_frame(&frame, &frames[3]);
	frame.data[18 + 6] = 0x20;
	s.through = bytes_of(frame.data + 4, frame.len - 4);
	memmove(frame.data + 4, frame.data, 12);
	wire_feed(s.w, WIRE_CLIENT, &s.vh, (uint8_t *)frame.data + 4, frame.len - 4, 0);
	assert_int_equal(s.n_out, i + 1);
	assert_int_equal(s.n_told, 0);
	buf_fini(&frame);
	script_end(&s);
}

/* Large segments that are to be cut, with checksums to be made, go out as they came, held or not. */
static void headers(void **state)
{
	struct script s = { .quiet = true };

	s.vh = (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
					.hdr_len = 54,
					.gso_size = 1448,
					.csum_start = 34,
					.csum_offset = 16 };
	script_start(&s, FAULTS("delay-all:1ms", "duplicate"), 1);
	script_syn(&s, 0, 1000);
	script_feed(&s, 1, &(struct segment){ .flags = TCP_ACK, .seq = 1001, .ack = 5001, .payload = 64000 });
	script_feed(&s, 2, &(struct segment){ .flags = TCP_ACK, .seq = 65001, .ack = 5001, .payload = 64000 });
	script_advance(&s, 3);
	script_expect(&s, "1 far S 1000\n1 far S 1000\n2 far A 1001/5001 +64000\n2 far A 1001/5001 +64000\n"
			  "3 far A 65001/5001 +64000\n");
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

/* The oldest handshake is forgotten, which counts unless it was over. */
static void forgets(void **state)
{
	struct script s = { .quiet = true };
	int i;

	script_start(&s, FAULTS("ack-drop:1"), 1);
	for (i = 0; i < WIRE_HANDSHAKES_MAX + 100; i++) {
		s.client = (uint16_t)(1 + i);
		script_syn(&s, i, (uint32_t)i);
		/* The first 60 end in all known ways, at the far end and at the client's. */
		if (i < 20)
			script_feed(&s, i, &(struct segment){ .from = WIRE_FAR, .flags = TCP_RST | TCP_ACK });
		else if (i < 60) {
			script_syn_ack(&s, i, (uint32_t)i);
			script_ack(&s, i, (uint32_t)i);
			script_feed(&s, i,
				    &(struct segment){ .from = WIRE_CLIENT,
						       .flags = TCP_ACK | (i < 40 ? TCP_FIN : TCP_RST) });
		}
		assert_int_equal(wire_forgotten(s.w), i < WIRE_HANDSHAKES_MAX + 60 ? 0 : i - WIRE_HANDSHAKES_MAX - 59);
	}
	s.n_told = 0;
	/* Of forgotten ones nothing is known, of the others all is. */
	for (i = 0; i < WIRE_HANDSHAKES_MAX + 100; i++) {
		s.client = (uint16_t)(1 + i);
		script_ack(&s, 20000, (uint32_t)i);
		assert_int_equal(s.n_told, i < 100 ? 0 : i - 99);
	}
	buf_reset(&s.out);
	script_end(&s);
}

/* The table itself, so small that all is in few chains. */
static void table(void **state)
{
	struct wire_table t;
	struct flow flows[9] = { 0 };
	struct wire_item *item;
	int i, k;

	assert_true(wire_table_init(&t, sizeof(struct wire_item), 4, 1));
	for (i = 0; i < 9; i++) {
		flows[i].server.port = (uint16_t)(i + 1);
		assert_null(wire_table_find(&t, &flows[i]));
		item = wire_table_add(&t, &flows[i]);
		for (k = 0; k <= i; k++)
			assert_true(!!wire_table_find(&t, &flows[k]) == (k > i - 4));
		assert_ptr_equal(wire_table_find(&t, &flows[i]), item);
	}
	for (i = 5; i < 9; i++) {
		wire_table_remove(&t, wire_table_find(&t, &flows[i]));
		for (k = 0; k < 9; k++)
			assert_true(!!wire_table_find(&t, &flows[k]) == (k > i));
	}
	wire_table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(resets),
		cmocka_unit_test(bad_syn_acks),
		cmocka_unit_test(icmps),
		cmocka_unit_test(delays),
		cmocka_unit_test(delays_of_all),
		cmocka_unit_test(equal_times),
		cmocka_unit_test(jitter),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(reorders),
		cmocka_unit_test(reorders_with_delay),
		cmocka_unit_test(reorders_after_delay),
		cmocka_unit_test(reordered_alone),
		cmocka_unit_test(reordered_taken_over),
		cmocka_unit_test(resets_of_the_far_end),
		cmocka_unit_test(resets_of_the_client),
		cmocka_unit_test(losses),
		cmocka_unit_test(two_losses),
		cmocka_unit_test(stale),
		cmocka_unit_test(strips),
		cmocka_unit_test(offers),
		cmocka_unit_test(scopes),
		cmocka_unit_test(two_faults),
		cmocka_unit_test(ports_used_again),
		cmocka_unit_test(passes),
		cmocka_unit_test(headers),
		cmocka_unit_test(held_bound),
		cmocka_unit_test(forgets),
		cmocka_unit_test(table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
