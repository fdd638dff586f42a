/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/summary_scenes.h"
#include "tests/unit/random.h"

#include <assert.h>
#include <string.h>

#define US ((int64_t)1000)
#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1773507602 * S + 118 * MS) /* 2026-03-14 17:00:02 UTC */

uint64_t scene_random(uint64_t *state)
{
	return random_u64(state);
}

struct endpoint scene_endpoint(const char *text)
{
	struct endpoint e;
	int r = endpoint_parse(text, &e);

	assert(!r);
	(void)r;
	return e;
}

static uint64_t state;

/* One call a statement: the order of several in one is the compiler's choice. */
static uint64_t below(uint64_t n)
{
	return (scene_random(&state) >> 16) % n;
}

static struct digest digest_of(int64_t start_ns, const struct endpoint *client, const struct endpoint *server,
			       enum outcome o, int n_syns, int64_t elapsed_ns)
{
	return (struct digest){ .start_ns = start_ns,
				.elapsed_ns = elapsed_ns,
				.flow = { *client, *server },
				.n_syns = n_syns,
				.outcome = o };
}

static void established(struct summary *s, int64_t t_ns, const struct endpoint *client, const struct endpoint *server)
{
	static const int64_t waits[] = { 0, 1, 3 };
	int64_t rtt = (int64_t)below(1000);
	int lost = below(50) ? 0 : below(30) ? 1 : 2;
	struct digest d;

	rtt *= (int64_t)below(1000);
	rtt *= (int64_t)below(12);
	d = digest_of(t_ns, client, server, OUTCOME_ESTABLISHED, lost + 1, 300 * US + rtt + waits[lost] * S);
	summary_feed(s, &d);
}

static struct endpoint some_client(void)
{
	struct endpoint e = { { 4, { 10 } }, 0 };

	e.addr.b[2] = (uint8_t)below(16);
	e.addr.b[3] = (uint8_t)below(250);
	e.port = (uint16_t)(32768 + below(28000));
	return e;
}

static struct endpoint some_server(void)
{
	struct endpoint e = { { 4, { 198, 19 } }, 80 };

	e.addr.b[2] = (uint8_t)below(8);
	e.addr.b[3] = (uint8_t)below(40);
	if (below(4))
		e.port = 443;
	return e;
}

/* One server falls silent at 17:02:13 for some minutes; another is too slow for its clients' timer; a few refuse. */
static void web(struct summary *s, struct summary_facts *f)
{
	static const char *const files[] = { "incident.pcap" };
	const struct endpoint silent = scene_endpoint("198.18.227.36:443"), slow = scene_endpoint("198.19.82.2:8443"),
			      closed = scene_endpoint("198.18.4.9:5432");
	struct endpoint client, server;
	struct digest d;
	int i;

	state = 1;
	for (i = 0; i < 10000; i++) {
		int64_t t = START + (int64_t)below(720000) * MS;
		uint64_t fate = below(200);

		client = some_client();
		server = some_server();
		if (fate >= 3) {
			established(s, t, &client, &server);
			continue;
		}
		d = digest_of(t, &client, &server, fate ? OUTCOME_REFUSED : OUTCOME_UNREACHABLE, 1, 700 * US);
		summary_feed(s, &d);
	}
	for (i = 0; i < 260; i++) {
		int64_t t = i * 2 * S + (int64_t)below(900) * MS;
		bool out = t > 131 * S && t < 411 * S;

		client = some_client();
		if (out)
			d = digest_of(START + t, &client, &silent, OUTCOME_TIMED_OUT, 6, 31409 * MS);
		else
			d = digest_of(START + t, &client, &silent, OUTCOME_ESTABLISHED, 1, 900 * US);
		summary_feed(s, &d);
	}
	for (i = 0; i < 300; i++) {
		client = some_client();
		d = digest_of(START + (int64_t)below(720000) * MS, &client, &slow, OUTCOME_ESTABLISHED, 2, 1012 * MS);
		if (i % 3 == 0) {
			d.outcome = OUTCOME_ABANDONED;
			d.elapsed_ns = 3000 * MS + (int64_t)below(4000) * US;
		}
		summary_feed(s, &d);
	}
	for (i = 0; i < 75; i++) {
		client = some_client();
		d = digest_of(START + i * 9 * S, &client, &closed, i % 5 ? OUTCOME_REFUSED : OUTCOME_UNANSWERED, 1,
			      400 * US);
		d.half_open = i % 10 == 0;
		summary_feed(s, &d);
	}
	d = digest_of(START + 719 * S, &client, &silent, OUTCOME_PENDING, 1, S);
	summary_feed(s, &d);
	*f = (struct summary_facts){ .files = files,
				     .n_files = 1,
				     .bytes = 1999999744,
				     .packets = 1969642,
				     .start_ns = START,
				     .end_ns = START + 723 * S,
				     .took_ns = 212 * MS,
				     .ledger = { 1969642, 1960000, 12, 0, 3, 0, 9627 } };
}

/* Clients that nobody has seen before, each once, against four servers. */
static void flood(struct summary *s, struct summary_facts *f)
{
	static const char *const files[] = { "flood.pcap" };
	const struct endpoint victim[] = { scene_endpoint("203.0.113.10:443"), scene_endpoint("203.0.113.11:443"),
					   scene_endpoint("203.0.113.10:80"), scene_endpoint("203.0.113.12:25") };
	struct endpoint client = { { 4, { 0 } }, 0 };
	struct digest d;
	int i, n = 200000;

	state = 2;
	for (i = 0; i < n; i++) {
		int64_t t = START + 20 * S + i * (40 * S / n);
		uint32_t spoofed = (uint32_t)below(0xe0000000);

		memcpy(client.addr.b, &spoofed, 4);
		client.port = (uint16_t)(1024 + below(60000));
		d = digest_of(t, &client, &victim[below(16) ? 0 : below(4)], OUTCOME_UNANSWERED, 1, 0);
		d.half_open = below(30) == 0;
		summary_feed(s, &d);
	}
	for (i = 0; i < 600; i++) {
		client = some_client();
		established(s, START + i * 100 * MS, &client, &victim[below(4)]);
	}
	*f = (struct summary_facts){ .files = files,
				     .n_files = 1,
				     .bytes = 17600024,
				     .packets = 221415,
				     .start_ns = START,
				     .end_ns = START + 60 * S,
				     .took_ns = 31 * MS,
				     .ledger = { 221415, 221415, 0, 0, 0, 0, 0 } };
}

/* A rotated capture over midnight in which nothing is wrong. */
static void fine(struct summary *s, struct summary_facts *f)
{
	static const char *const files[] = { "eth0-0001.pcapng.gz", "eth0-0002.pcapng.gz", "eth0-0003.pcapng.gz" };
	static const char *const comments[] = { "after the switch was replaced \033[31m(rack 4)" };
	struct endpoint client, server;
	int i;

	state = 3;
	for (i = 0; i < 4210; i++) {
		client = some_client();
		server = some_server();
		established(s, START + i * 9 * S, &client, &server);
	}
	*f = (struct summary_facts){ .files = files,
				     .n_files = 3,
				     .bytes = 48133120,
				     .packets = 91330,
				     .start_ns = START - 5 * S,
				     .end_ns = START + 4210 * 9 * S,
				     .took_ns = 74 * MS,
				     .comments = comments,
				     .n_comments = 1,
				     .unmatched = 3,
				     .ledger = { 91330, 91318, 12, 0, 0, 0, 0 } };
}

/* One client of many cannot connect to anything, over IPv6 too. */
static void one_client(struct summary *s, struct summary_facts *f)
{
	static const char *const files[] = { "-" };
	const struct endpoint bad = scene_endpoint("[2001:db8:85a3:8d3:1319:8a2e:370:7348]:40000");
	const struct endpoint servers[] = { scene_endpoint("[2001:db8:a:b:c:d:e:1]:443"),
					    scene_endpoint("[2001:db8:a:b:c:d:e:2]:443"),
					    scene_endpoint("[2001:db8:a:b:c:d:e:3]:8443"),
					    scene_endpoint("[2001:db8:1234:5678:9abc:def0:1234:5678]:65535") };
	struct endpoint client;
	struct digest d;
	int i;

	state = 4;
	for (i = 0; i < 800; i++) {
		client = scene_endpoint("[2001:db8::5]:33333");
		client.addr.b[15] = (uint8_t)below(20);
		d = digest_of(START + i * 100 * MS, &client, &servers[below(4)], OUTCOME_ESTABLISHED, 1, 12 * MS);
		summary_feed(s, &d);
		if (i % 10)
			continue;
		d = digest_of(START + i * 100 * MS, &bad, &servers[below(4)], OUTCOME_ABANDONED, 1, 250 * MS);
		summary_feed(s, &d);
		d.outcome = OUTCOME_UNREACHABLE;
		d.start_ns += 90 * MS;
		if (below(2))
			summary_feed(s, &d);
	}
	*f = (struct summary_facts){ .files = files,
				     .n_files = 1,
				     .bytes = 350000,
				     .packets = 3701,
				     .start_ns = START,
				     .end_ns = START + 81 * S,
				     .took_ns = -1,
				     .ledger = { 3701, 3701, 0, 0, 0, 0, 0 } };
}

/* As much as there can be of everything. */
static void all(struct summary *s, struct summary_facts *f)
{
	static const char *const files[] = {
		"/var/tmp/incidents/2026-03/customer-4711/uplink-a/very-long-name-of-a-capture-0001.pcapng"
	};
	static const char *const comments[] = { "one", "two\nlines", "three" };
	struct endpoint client, server;
	struct digest d;
	int i;

	state = 5;
	for (i = 0; i < 60000; i++) {
		client = some_client();
		client.addr.b[1] = (uint8_t)below(200);
		server = scene_endpoint("[2001:db8:a:b:c:d:e:0]:4430");
		server.addr.b[15] = (uint8_t)below(i % 4 ? 4 : 200);
		server.addr.b[14] = (uint8_t)below(i % 4 ? 1 : 200);
		d = digest_of(START + i * 7 * S, &client, &server, (enum outcome)(1 + below(9)), 1, US);
		d.n_syns += (int)below(17);
		d.elapsed_ns *= (int64_t)below(10000);
		d.elapsed_ns *= (int64_t)below(1000);
		d.half_open = d.outcome == OUTCOME_UNANSWERED;
		if (d.outcome == OUTCOME_ESTABLISHED && below(2))
			d.elapsed_ns /= 20000;
		summary_feed(s, &d);
	}
	*f = (struct summary_facts){ .files = files,
				     .n_files = 1,
				     .bytes = 812345678901,
				     .packets = 4294967296,
				     .start_ns = START - 9 * S,
				     .end_ns = START + 60000 * 7 * S,
				     .took_ns = 94 * S,
				     .comments = comments,
				     .n_comments = 3,
				     .evicted = 9,
				     .unmatched = 1,
				     .ledger = { 100, 40, 10, 10, 10, 10, 20 } };
}

/* Each server fails now and then, and no client more than others. */
static void spread(struct summary *s, struct summary_facts *f)
{
	static const char *const files[] = { "week/mon.pcap.zst", "week/tue.pcap.zst" };
	struct endpoint client, server;
	struct digest d;
	int i;

	state = 6;
	for (i = 0; i < 4000; i++) {
		client = some_client();
		server = some_server();
		established(s, START + i * 150 * MS, &client, &server);
		if (i % 8)
			continue;
		d = digest_of(START + i * 150 * MS, &client, &server, OUTCOME_TIMED_OUT, 7, 67000 * MS);
		summary_feed(s, &d);
	}
	*f = (struct summary_facts){ .files = files,
				     .n_files = 2,
				     .bytes = 5 * 1000 * 1000,
				     .packets = 20000,
				     .took_ns = 5 * MS,
				     .ledger = { 20000, 20000, 0, 0, 0, 0, 0 } };
}

static void a_refused(struct summary *s, struct summary_facts *f)
{
	static const char *const files[] = { "one.pcap" };
	const struct endpoint client = scene_endpoint("192.0.2.1:40000"), server = scene_endpoint("192.0.2.9:22");
	const struct digest d = digest_of(START, &client, &server, OUTCOME_REFUSED, 1, 310 * US);

	summary_feed(s, &d);
	*f = (struct summary_facts){ .files = files,
				     .n_files = 1,
				     .bytes = 172,
				     .packets = 2,
				     .start_ns = START,
				     .end_ns = START + 310 * US,
				     .took_ns = 0,
				     .ledger = { 2, 2, 0, 0, 0, 0, 0 } };
}

/* Some of a capture, by a filter and a time, and not read to its end. */
static void chosen(struct summary *s, struct summary_facts *f)
{
	static const char *const files[] = { "-", "b.pcap" };

	a_refused(s, f);
	f->files = files;
	f->n_files = 2;
	f->end_ns = START + 7200 * S;
	f->bytes = 1200 * 1000 * 1000;
	f->size = 2 * (uint64_t)1000 * 1000 * 1000;
	f->filter = "host 192.0.2.9 and \033[31m";
	f->has_since = f->has_until = true;
	f->since_ns = START - START % S;
	f->until_ns = START + 3600 * S;
	f->interrupted = true;
	f->unmatched = 7; /* to SYNs that were not asked for */
	f->ledger = (struct summary_ledger){ .seen = 30, .counted = 10, .filtered = 20 };
}

static void none_chosen(struct summary *s, struct summary_facts *f)
{
	static const char *const files[] = { "one.pcap" };

	*f = (struct summary_facts){ .files = files,
				     .n_files = 1,
				     .bytes = 1720,
				     .packets = 30,
				     .start_ns = START,
				     .end_ns = START + 60 * S,
				     .took_ns = 0,
				     .has_since = true,
				     .since_ns = START + 86400 * S,
				     .ledger = { .seen = 30, .counted = 10, .filtered = 20 } };
}

const struct scene scenes[] = {
	{ "web", web },
	{ "flood", flood },
	{ "fine", fine },
	{ "one-client", one_client },
	{ "all", all },
	{ "spread", spread },
	{ "a-refused", a_refused },
	{ "chosen", chosen },
	{ "none-chosen", none_chosen },
	{ NULL, NULL },
};
