/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/pairing_story.h"

#define MS 1000000LL
#define S 1000000000LL
#define START (1700000000 * S)
#define SKEW (3600 * S)
#define ISN 1000u
#define SERVER_ISN 77000u
#define PROXY_TTL 63 /* of what has another ISN than the server's */
#define LINES_MAX 64

/* One packet of one capture.  Packets with the same letter are one; ' ': as of a system that numbers none. */
struct line {
	char side; /* 'c' or 's'; 0: no more */
	int t_ms;  /* true time */
	enum pairing_kind kind;
	char mark;
	uint8_t ttl;
	uint16_t port; /* of the client; 0: 4000 */
};

#define SYN PAIRING_SYN
#define SYN_ACK PAIRING_SYN_ACK
#define ACK PAIRING_ACK
#define RST PAIRING_RST
#define CLIENT_RST PAIRING_CLIENT_RST
#define ICMP PAIRING_ICMP

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

struct result {
	struct pair_report r;
	struct pair_words w;
	struct story story;
};

/* What is said of the attempt from port 4000.  ends: the server's capture does with the last line, having many packets
 * more. */
static struct result *play(const struct line *lines, bool ends)
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

static bool has_evidence(const struct pair_words *w, const char *text)
{
	int i;

	for (i = 0; i < w->n_evidence; i++)
		if (strstr(w->evidence[i], text))
			return true;
	return false;
}

struct scene {
	const char *headline;
	const char *evidence; /* part of some; NULL: none is needed */
	bool ends;
	bool notable, differs;
	enum confidence confidence;
	struct line lines[LINES_MAX];
};

#define END                      \
	{                        \
		0, 0, 0, 0, 0, 0 \
	}
#define LIKELY CONFIDENCE_LIKELY
#define CERTAIN CONFIDENCE_CERTAIN
#define UNKNOWN CONFIDENCE_UNKNOWN
#define HANDSHAKE(t, a, b, c)                                                                            \
	{ 'c', t, SYN, a, 64, 0 }, { 's', (t) + 3, SYN, a, 57, 0 }, { 's', (t) + 3, SYN_ACK, b, 64, 0 }, \
		{ 'c', (t) + 7, SYN_ACK, b, 57, 0 }, { 'c', (t) + 7, ACK, c, 64, 0 },                    \
	{                                                                                                \
		's', (t) + 10, ACK, c, 57, 0                                                             \
	}

static const struct scene scenes[] = {
	{ "nothing died", NULL, false, false, false, CERTAIN, { HANDSHAKE(0, 'a', 'b', 'c'), END } },
	{ "nothing died: SYN 0 took 2.00 s on the way to the server",
	  NULL,
	  false,
	  true,
	  false,
	  CERTAIN,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 'c', 1000, SYN, 'b', 64, 0 },
	    { 's', 2000, SYN, 'a', 57, 0 },
	    { 's', 2001, SYN, 'b', 57, 0 },
	    { 's', 2001, SYN_ACK, 'c', 64, 0 },
	    { 'c', 2005, SYN_ACK, 'c', 57, 0 },
	    { 'c', 2005, ACK, 'd', 64, 0 },
	    { 's', 2009, ACK, 'd', 57, 0 },
	    END } },
	{ "only at the client's side: it passed the other too, as its answers show, whose capture lacks it",
	  "3 packets passed both sides",
	  false,
	  false,
	  false,
	  UNKNOWN,
	  { { 'c', 0, SYN, 'a', 64, 0 }, { 'c', 7, SYN_ACK, 'b', 57, 0 }, { 'c', 7, ACK, 'c', 64, 0 }, END } },
	{ "a SYN-ACK came from between (TTL 63): the server's side has nothing of it",
	  "the server's side never sent that SYN-ACK",
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 }, { 'c', 7, SYN_ACK, 'b', 63, 0 }, { 'c', 7, ACK, 'c', 64, 0 }, END } },
	{ "SYN 1 died on the way to the server; SYN 0 not compared",
	  "1 packet is not compared",
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', -20000, SYN, 'a', 64, 0 },
	    { 'c', -5000, SYN, 'b', 64, 0 },
	    { 'c', -4000, SYN, 'd', 64, 0 },
	    { 's', -3997, SYN, 'd', 57, 0 },
	    { 's', -3997, SYN_ACK, 'e', 64, 0 },
	    { 'c', -3993, SYN_ACK, 'e', 57, 0 },
	    { 'c', -3993, ACK, 'f', 64, 0 },
	    { 's', -3990, ACK, 'f', 57, 0 },
	    END } },
	{ "SYN 0 and 1 died on the way to the server",
	  "connected after 3.00 s",
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 }, { 'c', 1000, SYN, 'b', 64, 0 }, HANDSHAKE(3000, 'c', 'd', 'e'), END } },
	{ "SYN 0 to 2 died on the way to the server",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 }, { 'c', 1000, SYN, 'b', 64, 0 }, { 'c', 3000, SYN, 'c', 64, 0 }, END } },
	{ "SYN 1 died on the way to the server; SYN 0 and 2 reached the server and it never answered",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 's', 3, SYN, 'a', 57, 0 },
	    { 'c', 1000, SYN, 'b', 64, 0 },
	    { 'c', 3000, SYN, 'c', 64, 0 },
	    { 's', 3003, SYN, 'c', 57, 0 },
	    END } },
	{ "the server's SYN-ACKs (2) died on the way back",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 's', 3, SYN, 'a', 57, 0 },
	    { 's', 3, SYN_ACK, 'b', 64, 0 },
	    { 's', 1003, SYN_ACK, 'c', 64, 0 },
	    END } },
	{ "1 of the server's 2 SYN-ACKs died on the way back",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 's', 3, SYN, 'a', 57, 0 },
	    { 's', 3, SYN_ACK, 'b', 64, 0 },
	    { 's', 1003, SYN_ACK, 'c', 64, 0 },
	    { 'c', 1007, SYN_ACK, 'c', 57, 0 },
	    { 'c', 1007, ACK, 'd', 64, 0 },
	    { 's', 1010, ACK, 'd', 57, 0 },
	    END } },
	{ "the final ACK is not in the server's capture, but the server did not answer again",
	  "the server did not answer again",
	  false,
	  true,
	  true,
	  UNKNOWN,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 's', 3, SYN, 'a', 57, 0 },
	    { 's', 3, SYN_ACK, 'b', 64, 0 },
	    { 'c', 7, SYN_ACK, 'b', 57, 0 },
	    { 'c', 7, ACK, 'c', 64, 0 },
	    END } },
	{ "the final ACK died: the server kept sending SYN-ACKs (2)",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 's', 3, SYN, 'a', 57, 0 },
	    { 's', 3, SYN_ACK, 'b', 64, 0 },
	    { 'c', 7, SYN_ACK, 'b', 57, 0 },
	    { 'c', 7, ACK, 'c', 64, 0 },
	    { 's', 1003, SYN_ACK, 'd', 64, 0 },
	    { 'c', 1007, SYN_ACK, 'd', 57, 0 },
	    { 's', 3003, SYN_ACK, 'e', 64, 0 },
	    { 'c', 3007, SYN_ACK, 'e', 57, 0 },
	    END } },
	{ "refused by the server: its RST arrived",
	  NULL,
	  false,
	  true,
	  false,
	  CERTAIN,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 's', 3, SYN, 'a', 57, 0 },
	    { 's', 3, RST, ' ', 64, 0 },
	    { 'c', 7, RST, ' ', 57, 0 },
	    END } },
	{ "the server's RST died on the way back",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 }, { 's', 3, SYN, 'a', 57, 0 }, { 's', 3, RST, ' ', 64, 0 }, END } },
	{ "the RST came from between (TTL 61); SYN 0 died on the way to the server",
	  "never sent that RST",
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 }, { 'c', 2, RST, 'x', 61, 0 }, END } },
	{ "the RST came from between (TTL 61, the server's SYN-ACK has 57)",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 's', 3, SYN, 'a', 57, 0 },
	    { 's', 3, SYN_ACK, 'b', 64, 0 },
	    { 'c', 2, RST, 'x', 61, 0 },
	    { 'c', 7, SYN_ACK, 'b', 57, 0 },
	    END } },
	{ "an RST from between ended the connection after 5.00 s (TTL 61, the server's SYN-ACK has 57)",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { HANDSHAKE(0, 'a', 'b', 'c'), { 'c', 5000, RST, 'x', 61, 0 }, END } },
	{ "icmp 3/13 (admin prohibited) of 192.0.2.9 came from between; SYN 0 died on the way to the "
	  "server",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 }, { 'c', 2, ICMP, 'x', 61, 0 }, END } },
	{ "something in between answered, and asked the server itself",
	  "a SYN proxy",
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 'c', 1, SYN_ACK, 'b', PROXY_TTL, 0 },
	    { 'c', 1, ACK, 'c', 64, 0 },
	    { 's', 5, SYN, 'd', 62, 0 },
	    { 's', 5, SYN_ACK, 'e', 64, 0 },
	    { 's', 8, ACK, 'f', 62, 0 },
	    END } },
	{ "SYN 0 reached the server, which had not answered when its capture ended",
	  NULL,
	  true,
	  true,
	  false,
	  CERTAIN,
	  { { 'c', 0, SYN, 'a', 64, 0 }, { 's', 3, SYN, 'a', 57, 0 }, END } },
	{ "nothing died: the server answered only after 1.20 s",
	  NULL,
	  false,
	  true,
	  false,
	  CERTAIN,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 's', 3, SYN, 'a', 57, 0 },
	    { 'c', 1000, SYN, 'b', 64, 0 },
	    { 's', 1003, SYN, 'b', 57, 0 },
	    { 's', 1203, SYN_ACK, 'c', 64, 0 },
	    { 'c', 1207, SYN_ACK, 'c', 57, 0 },
	    { 'c', 1207, ACK, 'd', 64, 0 },
	    { 's', 1210, ACK, 'd', 57, 0 },
	    END } },
	/* the server's capture lacks the SYN that it answered: no loss of the network */
	{ "nothing died",
	  "one capture lacks them",
	  false,
	  false,
	  false,
	  CERTAIN,
	  { { 'c', 0, SYN, 'a', 64, 0 },
	    { 's', 3, SYN_ACK, 'b', 64, 0 },
	    { 'c', 7, SYN_ACK, 'b', 57, 0 },
	    { 'c', 7, ACK, 'c', 64, 0 },
	    END } },
	{ "SYN 0 reached the server and it never answered",
	  NULL,
	  false,
	  true,
	  false,
	  CERTAIN,
	  { { 'c', 0, SYN, ' ', 64, 0 }, { 's', 3, SYN, ' ', 57, 0 }, END } },
	/* systems that number nothing: SYN 1 is it, by time */
	{ "SYN 0 and 2 died on the way to the server; SYN 1 reached the server and it never answered",
	  NULL,
	  false,
	  true,
	  true,
	  LIKELY,
	  { { 'c', 0, SYN, ' ', 64, 0 },
	    { 'c', 1000, SYN, ' ', 64, 0 },
	    { 's', 1003, SYN, ' ', 57, 0 },
	    { 'c', 3000, SYN, ' ', 64, 0 },
	    END } },
	{ "not in the client's capture, which has others of that client",
	  NULL,
	  false,
	  true,
	  false,
	  UNKNOWN,
	  { { 's', 3, SYN, 'a', 57, 0 }, { 's', 3, SYN_ACK, 'b', 64, 0 }, END } },
};

static void test_scenes(void **state)
{
	struct result *got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		got = play(scenes[i].lines, scenes[i].ends);
		if (scenes[i].evidence && !has_evidence(&got->w, scenes[i].evidence))
			print_message("scene %d: no evidence of it\n", (int)i);
		assert_string_equal(got->w.headline, scenes[i].headline);
		assert_true(!scenes[i].evidence || has_evidence(&got->w, scenes[i].evidence));
		assert_int_equal(pair_is_notable(&got->r), scenes[i].notable);
		assert_int_equal(pair_differs(&got->r) && got->r.sort != PAIR_UNSENT, scenes[i].differs);
		assert_int_equal(got->r.confidence, scenes[i].confidence);
		assert_int_equal(got->story.n, 1 + got->r.n_packets);
		free(got);
	}
}

/* All that the server's capture would have had came after its end. */
static void test_ends(void **state)
{
	static const struct line lines[] = {
		{ 's', 500, SYN, 'z', 57, 77 }, { 'c', 1000, SYN, 'a', 64, 0 }, { 'c', 2000, SYN, 'b', 64, 0 }, END
	};
	struct result *got = play(lines, true);

	(void)state;
	assert_int_equal(got->r.sort, PAIR_UNCOVERED);
	assert_int_equal(got->r.counts[PAIRING_SYN].fate[FATE_DIED], 0);
	assert_int_equal(got->r.counts[PAIRING_SYN].fate[FATE_UNCOVERED], 2);
	assert_false(pair_is_notable(&got->r));
	assert_string_equal(got->w.headline, "only at the client's side: the other capture did not run then");
	free(got);
}

/* The same, but that the server's capture is too small to show when it ran. */
static void test_quiet(void **state)
{
	static const struct line lines[] = { { 'c', 100000, SYN, 'a', 64, 0 }, { 'c', 101000, SYN, 'b', 64, 0 }, END };
	struct result *got = play(lines, false);

	(void)state;
	assert_string_equal(got->w.headline,
			    "SYN 0 and 1 are not in the server's capture, which may not have run then");
	assert_true(has_evidence(&got->w, "it may not have run then"));
	assert_int_equal(got->r.confidence, CONFIDENCE_UNKNOWN);
	assert_int_equal(got->story.rows[1].lost, DROP_NONE);
	assert_true(got->story.rows[1].unseen);
	assert_string_equal(got->story.rows[1].note, "not in the server's capture");
	assert_int_equal(got->story.n_causes, 0);
	free(got);
}

#define NO_SYN " not in the server's capture"
#define NO_ANSWER "the server's SYN-ACKs (2) are not in the client's capture"

static const struct unsure {
	const char *headline;
	bool by_address, server_holes, client_holes, client_taken, answers;
} unsure[] = {
	{ "SYN 0 to 2 are" NO_SYN ", which has no attempt to that port", .by_address = true },
	{ "SYN 0 to 2 are" NO_SYN ", which lacks others that passed it", .server_holes = true },
	{ NO_ANSWER ", which lacks others that passed it", .client_holes = true, .answers = true },
	{ NO_ANSWER ", which may not have run then", .client_taken = true, .answers = true },
	/* it is the other way that is not sure */
	{ "SYN 0 to 2 died on the way to the server, likely", .client_holes = true },
	{ "the server's SYN-ACKs (2) died on the way back, likely", .server_holes = true, .answers = true },
};

/* Where the verdict is not known the headline tells what a capture lacks, and why that may be. */
static void test_unsure(void **state)
{
	static const struct line syns[] = {
		{ 'c', 0, SYN, 'a', 64, 0 }, { 'c', 1000, SYN, 'b', 64, 0 }, { 'c', 3000, SYN, 'c', 64, 0 }, END
	};
	static const struct line answers[] = { { 'c', 0, SYN, 'a', 64, 0 },
					       { 's', 3, SYN, 'a', 57, 0 },
					       { 's', 3, SYN_ACK, 'b', 64, 0 },
					       { 's', 1003, SYN_ACK, 'c', 64, 0 },
					       END };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(unsure) / sizeof(unsure[0]); i++) {
		struct result *got = play(unsure[i].answers ? answers : syns, false);

		got->r.confidence = CONFIDENCE_UNKNOWN;
		got->r.by_address = unsure[i].by_address;
		got->r.server_holes = unsure[i].server_holes;
		got->r.client_holes = unsure[i].client_holes;
		got->r.client_taken = unsure[i].client_taken;
		pair_words(&got->r, &got->w);
		assert_string_equal(got->w.headline, unsure[i].headline);
		free(got);
	}
}

/* Only how many died is known. */
static void test_unsure_which(void **state)
{
	static const struct line lines[] = {
		{ 'c', 0, SYN, 'a', 64, 0 },	{ 'c', 1000, SYN, 'b', 64, 0 },	    { 'c', 3000, SYN, 'c', 64, 0 },
		{ 's', 3003, SYN, 'c', 57, 0 }, { 's', 3003, SYN_ACK, 'd', 64, 0 }, { 'c', 3007, SYN_ACK, 'd', 57, 0 },
		{ 'c', 3007, ACK, 'e', 64, 0 }, { 's', 3010, ACK, 'e', 57, 0 },	    END
	};
	struct result *got = play(lines, false);

	(void)state;
	got->r.confidence = CONFIDENCE_UNKNOWN;
	got->r.by_order = true;
	pair_words(&got->r, &got->w);
	assert_string_equal(got->w.headline,
			    "2 of the client's 3 SYNs are not in the server's capture, and which of them is not known");
	free(got);
}

/* A SYN-ACK of which it is not known whether the server sent it. */
static void test_unsure_foreign(void **state)
{
	static const struct line lines[] = {
		{ 'c', 0, SYN, 'a', 64, 0 }, { 'c', 7, SYN_ACK, 'b', 63, 0 }, { 'c', 7, ACK, 'c', 64, 0 }, END
	};
	struct result *got = play(lines, false);

	(void)state;
	got->r.confidence = CONFIDENCE_UNKNOWN;
	got->r.answer_unsure = true;
	pair_words(&got->r, &got->w);
	assert_string_equal(got->w.headline, "the SYN-ACK that the client got (TTL 63) is not in the server's capture, "
					     "which has no answer of that server to compare with");
	assert_true(has_evidence(&got->w, "this may be one of them"));
	assert_false(has_evidence(&got->w, "never sent"));
	free(got);
}

/* What is not compared is not seen to arrive, but where the receiver's side is the one that has it. */
static void test_uncompared(void **state)
{
	static const struct line lines[] = { { 's', 500, SYN, 'z', 57, 77 },
					     { 'c', 1000, SYN, 'a', 64, 0 },
					     { 'c', 1007, SYN_ACK, 'b', 57, 0 },
					     { 'c', 1007, ACK, 'c', 64, 0 },
					     END };
	struct result *got = play(lines, true);
	const struct story *s = &got->story;
	int i;

	(void)state;
	assert_int_equal(got->r.sort, PAIR_UNCOVERED);
	assert_int_equal(s->n, 4);
	for (i = 1; i < s->n; i++)
		assert_string_equal(s->rows[i].note, "not compared");
	assert_true(s->rows[1].unseen);
	assert_false(s->rows[2].unseen);
	assert_string_equal(s->rows[2].client_state, "ESTABLISHED");
	assert_true(s->rows[3].unseen);
	assert_string_equal(s->rows[3].server_state, "");
	free(got);
}

static void test_story(void **state)
{
	static const struct line lines[] = { { 'c', 0, SYN, 'a', 64, 0 }, HANDSHAKE(1000, 'b', 'c', 'd'), END };
	struct result *got = play(lines, false);
	const struct story *s = &got->story;

	(void)state;
	assert_int_equal(s->n, 5);
	assert_string_equal(s->rows[1].label, "SYN 0");
	assert_int_equal(s->rows[1].lost, DROP_PATH_OR_PEER);
	assert_string_equal(s->rows[2].label, "SYN 1");
	assert_int_equal(s->rows[2].gap_ns, S);
	assert_int_equal(s->rows[2].lost, DROP_NONE);
	assert_string_equal(s->rows[2].note, "3.50 ms");
	assert_true(s->rows[3].from_server);
	assert_string_equal(s->rows[3].client_state, "ESTABLISHED");
	assert_string_equal(s->rows[4].server_state, "ESTABLISHED");
	assert_int_equal(s->n_causes, 1);
	assert_int_equal(s->causes[0].packets, 1);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),	     cmocka_unit_test(test_ends),
		cmocka_unit_test(test_quiet),	     cmocka_unit_test(test_unsure),
		cmocka_unit_test(test_unsure_which), cmocka_unit_test(test_unsure_foreign),
		cmocka_unit_test(test_uncompared),   cmocka_unit_test(test_story),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
