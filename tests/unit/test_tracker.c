/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracker's bounds: its memory is fixed and as stated, every attempt is
 * given exactly once, and the seed of its hash changes nothing that comes out.
 * What comes out is the scenarios' business; their scripts are used here.
 * malloc() and its kin are wrapped by the linker, so that each call is counted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../scenario/dump.h"
#include "core/tracker.h"
#include "tests/unit/random.h"

#define S ((int64_t)1000000000)
#define START (1700000000 * S)
#define SEEDS 20

static size_t allocated, n_allocations;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	allocated += size;
	n_allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocated += n * size;
	n_allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	allocated += size;
	n_allocations++;
	return __real_realloc(p, size);
}

static uint64_t random_state;

static uint64_t rnd(uint64_t n)
{
	return random_u64(&random_state) % n;
}

struct given {
	uint64_t n;
	int64_t last_start_ns;
	bool in_order;
	uint16_t port;
};

static void on_attempt(const struct attempt *a, void *user)
{
	struct given *g = user;

	g->in_order = g->in_order && attempt_start_ns(a) >= g->last_start_ns;
	g->last_start_ns = attempt_start_ns(a);
	g->port = a->flow.client.port;
	g->n++;
}

static struct tracker *tracker(size_t max_attempts, uint64_t seed, int64_t linger_ns, struct given *g)
{
	const struct tracker_config c = {
		.max_attempts = max_attempts, .seed = seed, .linger_ns = linger_ns, .fn = on_attempt, .user = g
	};

	*g = (struct given){ .in_order = true };
	return tracker_new(&c);
}

static struct flow flow(unsigned int client, unsigned int port)
{
	struct flow f = { .client = { { 4, { 10, 0, 0, 2 } }, (uint16_t)port },
			  .server = { { 4, { 10, 0, 0, 9 } }, 443 } };

	f.client.addr.b[2] = (uint8_t)(client >> 8);
	f.client.addr.b[3] = (uint8_t)client;
	return f;
}

static struct event segment(int64_t t_ns, const struct flow *f, bool from_server, uint16_t flags)
{
	struct event ev = { .kind = EVENT_SEGMENT, .t_ns = t_ns };

	ev.segment.src = from_server ? f->server : f->client;
	ev.segment.dst = from_server ? f->client : f->server;
	ev.segment.flags = flags;
	ev.segment.seq = from_server ? 9000 : 1000;
	ev.segment.ack = flags & TCP_ACK ? (from_server ? 1001 : 9001) : 0;
	return ev;
}

static void feed(struct tracker *t, struct event ev)
{
	tracker_feed(t, &ev);
}

/* Anything at all, about few flows, so that they meet. */
static struct event random_event(int64_t t_ns)
{
	static const uint16_t flags[] = { TCP_SYN,	     TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_RST | TCP_ACK,
					  TCP_FIN | TCP_ACK, TCP_RST };
	struct flow f = flow((unsigned int)rnd(2), (unsigned int)rnd(300));
	struct event ev = segment(t_ns, &f, rnd(2), flags[rnd(7)]);

	if (rnd(3))
		return ev;
	memset(&ev, 0, sizeof(ev));
	ev.t_ns = t_ns;
	ev.kind = (enum event_kind)rnd(EVENT_KIND_N + 2); /* kinds that there are not, too */
	memcpy(&ev.connect.flow, &f, sizeof(f));	  /* where all kinds but exit and lost have it */
	if (ev.kind == EVENT_RESULT)
		ev.result.error = (int)rnd(130);
	else if (ev.kind == EVENT_STATE)
		ev.state.state = (uint8_t)rnd(13);
	else if (ev.kind == EVENT_RETRANSMIT)
		ev.retransmit.n = (int)rnd(260);
	else if (ev.kind == EVENT_CONNECT)
		ev.connect.pid = (int32_t)rnd(5);
	else if (ev.kind == EVENT_EXIT)
		ev.exit = (struct event_exit){ .pid = (int32_t)rnd(5), .signal = (int)rnd(3) * 9 };
	else if (ev.kind == EVENT_LOST)
		ev.lost = (struct event_lost){ .n = rnd(3) };
	return ev;
}

/* As much as tracker_memory() says is taken at first, and not a byte later. */
static void memory_is_bounded(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 16, 17, 1000 };
	struct tracker_counts c;
	struct given g;
	size_t i;
	int k;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tracker *t;

		allocated = 0;
		t = tracker(sizes[i], 7, INT64_MAX, &g);
		assert_non_null(t);
		assert_int_equal(allocated, tracker_memory(sizes[i]));
		n_allocations = 0;
		random_state = i;
		for (k = 0; k < 30000; k++)
			feed(t, random_event(START + k * S / 1000));
		tracker_finish(t, START + 100 * S);
		assert_int_equal(n_allocations, 0);
		tracker_counts(t, &c);
		assert_int_equal(c.events, 30000);
		assert_int_equal(c.attempts, g.n);
		tracker_free(t);
	}
	assert_true(tracker_memory(2000) < 2 * tracker_memory(1000) + 4096);
	tracker_free(NULL);
}

/* Whatever comes, in whatever order: what began is given, once. */
static void each_is_given_once(void **state)
{
	struct tracker_counts c;
	struct given g;
	int round, k;

	for (round = 0; round < 60; round++) {
		struct tracker *t = tracker(1 + (size_t)round * 5, 7, (int64_t)rnd(5) * S, &g);
		int64_t now = START;

		random_state = 1000u + (unsigned int)round;
		assert_non_null(t);
		for (k = 0; k < 2000; k++) {
			now += (int64_t)rnd(20) * S / 100;
			if (rnd(4) == 0)
				tracker_advance(t, now);
			feed(t, random_event(now - (int64_t)rnd(3) * S / 10));
			tracker_counts(t, &c);
			assert_true(g.n <= c.attempts && c.attempts - g.n <= 1 + (uint64_t)round * 5);
			assert_true(c.evicted <= g.n);
		}
		tracker_finish(t, now);
		tracker_counts(t, &c);
		assert_int_equal(g.n, c.attempts);
		tracker_finish(t, now + S); /* nothing is left */
		tracker_advance(t, now + 100 * S);
		assert_int_equal(g.n, c.attempts);
		tracker_free(t);
	}
}

static void no_room_at_all(void **state)
{
	struct flow f = flow(2, 40000);
	struct tracker_counts c;
	struct given g;
	struct tracker *t = tracker(0, 7, 0, &g);

	assert_non_null(t);
	feed(t, segment(START, &f, false, TCP_SYN));
	assert_null(tracker_find(t, &f));
	tracker_advance(t, START + S);
	tracker_finish(t, START + S);
	tracker_counts(t, &c);
	assert_int_equal(c.events, 1);
	assert_int_equal(c.unmatched, 1);
	assert_int_equal(c.attempts, 0);
	assert_int_equal(g.n, 0);
	tracker_free(t);
}

/* The table is full: the oldest goes, early and counted; at the end the rest comes in order of its start. */
static void eviction(void **state)
{
	struct tracker_counts c;
	struct given g;
	struct tracker *t = tracker(100, 7, INT64_MAX, &g);
	struct flow f;
	unsigned int i;

	assert_non_null(t);
	for (i = 0; i < 250; i++) {
		f = flow(2, 20000 + i);
		feed(t, segment(START + i * S, &f, false, TCP_SYN));
		assert_int_equal(g.n, i < 100 ? 0 : i - 99);
		if (i >= 100)
			assert_int_equal(g.port, 20000 + i - 100);
	}
	tracker_counts(t, &c);
	assert_int_equal(c.evicted, 150);
	for (i = 0; i < 250; i++) {
		f = flow(2, 20000 + i);
		assert_true(!tracker_find(t, &f) == (i < 150));
	}
	tracker_finish(t, START + 300 * S);
	assert_int_equal(g.n, 250);
	assert_true(g.in_order);
	tracker_counts(t, &c);
	assert_int_equal(c.attempts, 250);
	assert_int_equal(c.evicted, 150);
	tracker_free(t);
}

/* What has ended is given when its linger is over, what has not is not. */
static void linger(void **state)
{
	struct flow ended = flow(2, 40000), open = flow(2, 40001);
	struct given g;
	struct tracker *t = tracker(10, 7, 2 * S, &g);

	assert_non_null(t);
	feed(t, segment(START, &ended, false, TCP_SYN));
	feed(t, segment(START, &open, false, TCP_SYN));
	feed(t, segment(START + S, &ended, true, TCP_RST | TCP_ACK));
	assert_null(tracker_find(t, &ended)); /* it is no open attempt any more */
	assert_non_null(tracker_find(t, &open));
	tracker_advance(t, START + 3 * S - 1);
	assert_int_equal(g.n, 0);
	tracker_advance(t, START + 3 * S);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.port, 40000);
	tracker_advance(t, START + 1000 * S);
	assert_int_equal(g.n, 1);
	/* and when no more comes, however long ago it ended */
	ended = flow(2, 40002);
	feed(t, segment(START + 1000 * S, &ended, false, TCP_SYN));
	feed(t, segment(START + 1000 * S, &ended, true, TCP_RST | TCP_ACK));
	tracker_give_ended(t, START + 1000 * S);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.port, 40002);
	tracker_finish(t, START + 1000 * S);
	assert_int_equal(g.n, 3);
	tracker_free(t);
}

/* Many flows, under many seeds: each finds its own attempt. */
static void every_flow_finds_its_own(void **state)
{
	struct flow f;
	struct given g;
	unsigned int i;
	uint64_t seed;

	for (seed = 0; seed < 5; seed++) {
		struct tracker *t = tracker(3000, seed * 0x9e3779b97f4a7c15u, INT64_MAX, &g);

		assert_non_null(t);
		for (i = 0; i < 3000; i++) {
			f = flow(i % 300, 20000 + i);
			feed(t, segment(START + i, &f, false, TCP_SYN));
		}
		for (i = 0; i < 3000; i++) {
			const struct attempt *a;

			f = flow(i % 300, 20000 + i);
			a = tracker_find(t, &f);
			assert_non_null(a);
			assert_int_equal(a->syn_ns[0], START + i);
			f.server.port++;
			assert_null(tracker_find(t, &f));
		}
		tracker_free(t);
	}
}

static bool read_script(const char *name, struct script *ret)
{
	char path[4096];
	struct buf text = { 0 };
	const char *why;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", SCENARIO_DIR, name);
	f = fopen(path, "r");
	assert_non_null(f);
	while ((n = fread(path, 1, sizeof(path), f)) > 0)
		buf_add(&text, path, n);
	fclose(f);
	n = (size_t)script_read(buf_text(&text), text.len, ret, &why);
	buf_fini(&text);
	return n == 0;
}

/* The same script under twenty seeds gives the same result, to the letter. */
static void the_seed_changes_nothing(void **state)
{
	struct dirent *e;
	DIR *d = opendir(SCENARIO_DIR);
	int scripts = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');
		struct buf first = { 0 }, other = { 0 };
		struct script s;
		uint64_t seed;

		if (!dot || strcmp(dot, ".events"))
			continue;
		assert_true(read_script(e->d_name, &s));
		assert_true(dump_script(&s, 0, &first));
		for (seed = 1; seed < SEEDS; seed++) {
			buf_reset(&other);
			assert_true(dump_script(&s, seed * 0x9e3779b97f4a7c15u, &other));
			assert_string_equal(buf_text(&first), buf_text(&other));
		}
		buf_fini(&first);
		buf_fini(&other);
		script_fini(&s);
		scripts++;
	}
	closedir(d);
	assert_true(scripts >= 45);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(each_is_given_once),
		cmocka_unit_test(no_room_at_all),
		cmocka_unit_test(eviction),
		cmocka_unit_test(linger),
		cmocka_unit_test(every_flow_finds_its_own),
		cmocka_unit_test(the_seed_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
