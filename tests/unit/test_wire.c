/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each fault does to a handshake. */
#include "tests/unit/wire_script.h"

#include <stdio.h>

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

static void duplicates(void **state)
{
	handshake_is("duplicate", SYN_0 SYN_0 "0 told 0 duplicated syn 0\n" SYN_1 SYN_1
					      "1000 told 0 duplicated syn 1\n" SYN_ACK_0 SYN_ACK_0
					      "1001 told 0 duplicated reply-syn 0\n" SYN_ACK_1 SYN_ACK_1
					      "2000 told 0 duplicated reply-syn 1\n" THE_ACK THE_ACK
					      "2001 told 0 duplicated later 0\n" CLIENT_DATA FAR_DATA);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(resets),
		cmocka_unit_test(bad_syn_acks),
		cmocka_unit_test(icmps),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(resets_of_the_far_end),
		cmocka_unit_test(resets_of_the_client),
		cmocka_unit_test(losses),
		cmocka_unit_test(two_losses),
		cmocka_unit_test(strips),
		cmocka_unit_test(offers),
		cmocka_unit_test(two_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
