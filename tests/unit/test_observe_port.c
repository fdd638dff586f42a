/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One port, and several sockets that have it one after the other, each at once: whichever moment between a question
 * to sock_diag, its answer and the reading of packets one goes and the next one comes, each is told as one attempt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/tracker.h"
#include "random.h"
#include "sources/observe_flows.h"
#include "util/clock.h"

#define SYN_SENT 2
#define LIVES_MAX 6

/* Where something may happen in a look. */
enum moment {
	NEVER,
	COUNTERS_READ,
	DUMP_ASKED,
	DUMP_ANSWERED,
	SOCKET_ASKED,
	SOCKET_ANSWERED,
	PACKETS_READ,
};

/* One stay of a socket in SYN_SENT. */
struct life {
	uint64_t cookie;
	uint32_t isn;
	int64_t syn_ns;
	bool over, by_kernel, told_closed;
};

/* The kernel: at most one of them is there at a time. */
static struct {
	struct life lives[LIVES_MAX];
	int n, n_wanted, n_read; /* begun; in all; whose SYNs were read */
	int64_t fails;
	enum moment ends_at, begins_at; /* the one that is there, the next one: then, once */
	uint64_t *random;		/* or at any moment */
	int64_t now_ns;
} world;

static struct observe *ob;
static struct tracker *tracker;

int64_t __wrap_clock_mono_ns(void);
int __wrap_counters_read(struct counters *ret);
int __wrap_live_read(struct live *l, live_fn *fn, void *user, struct err *e);
uint64_t __wrap_live_lost(struct live *l);
int __wrap_sockdiag_dump(struct sockdiag *d, int family, uint32_t states, sockdiag_fn *fn, void *user, struct err *e);
int __wrap_sockdiag_get(struct sockdiag *d, const struct flow *f, uint32_t device, sockdiag_fn *fn, void *user);

static struct life *current(void)
{
	struct life *l = world.n ? &world.lives[world.n - 1] : NULL;

	return l && !l->over ? l : NULL;
}

static void end_current(bool by_kernel)
{
	struct life *l = current();

	if (!l)
		return;
	l->over = true;
	l->by_kernel = by_kernel;
	world.fails += by_kernel;
}

/* `taken_back`: by connect(AF_UNSPEC), so that the next one is of the same socket. */
static void begin_next(bool taken_back)
{
	struct life *l = &world.lives[world.n];
	uint64_t cookie = taken_back && world.n ? world.lives[world.n - 1].cookie : 100 + (uint64_t)world.n;

	if (world.n == world.n_wanted)
		return;
	*l = (struct life){ .cookie = cookie, .isn = 1000 * (uint32_t)(world.n + 1), .syn_ns = observe_now(ob) };
	world.n++;
}

static void happens(enum moment m)
{
	if (world.ends_at == m || (world.random && random_once_in(world.random, 7))) {
		world.ends_at = NEVER;
		end_current(world.random && random_once_in(world.random, 4));
	}
	if (world.begins_at == m || (world.random && !current() && !random_once_in(world.random, 4))) {
		world.begins_at = NEVER;
		begin_next(world.random && random_once_in(world.random, 4));
	}
}

int64_t __wrap_clock_mono_ns(void)
{
	return world.now_ns += 1000;
}

int __wrap_counters_read(struct counters *ret)
{
	*ret = (struct counters){ .active_opens = world.n, .attempt_fails = world.fails, .listen_overflows = -1 };
	happens(COUNTERS_READ);
	return 0;
}

static const struct flow port = { .client.port = 41777, .server.port = 80 };

static void answer(sockdiag_fn *fn, void *user)
{
	const struct life *l = current();
	struct sockdiag_socket s = { .state = { .flow = port, .state = SYN_SENT, .timer = 1, .expires_ms = 900 } };

	if (!l)
		return;
	s.state.cookie = l->cookie;
	fn(&s, user);
}

int __wrap_sockdiag_dump(struct sockdiag *d, int family, uint32_t states, sockdiag_fn *fn, void *user, struct err *e)
{
	happens(DUMP_ASKED);
	answer(fn, user);
	happens(DUMP_ANSWERED);
	return 0;
}

int __wrap_sockdiag_get(struct sockdiag *d, const struct flow *f, uint32_t device, sockdiag_fn *fn, void *user)
{
	bool there;

	happens(SOCKET_ASKED);
	there = current() != NULL;
	answer(fn, user);
	happens(SOCKET_ANSWERED);
	return there ? 0 : -ENOENT;
}

int __wrap_live_read(struct live *l, live_fn *fn, void *user, struct err *e)
{
	while (world.n_read < world.n) {
		const struct life *of = &world.lives[world.n_read++];
		struct event ev = {
			.kind = EVENT_SEGMENT,
			.t_ns = of->syn_ns,
			.packet = (uint64_t)world.n_read,
			.segment = { .src = port.client, .dst = port.server, .seq = of->isn, .flags = TCP_SYN }
		};

		observe_segment(ob, &ev);
	}
	happens(PACKETS_READ);
	return 0;
}

uint64_t __wrap_live_lost(struct live *l)
{
	return 0;
}

static struct life *life_of(uint32_t isn)
{
	int i;

	for (i = 0; i < world.n; i++)
		if (world.lives[i].isn == isn)
			return &world.lives[i];
	fail_msg("no SYN has the sequence number %u", isn);
	return NULL;
}

/* Nothing is told of one socket that is another's. */
static void on_event(const struct event *ev, void *user)
{
	struct life *l;

	if (ev->kind == EVENT_STATE) {
		assert_true(ev->state.has_isn);
		assert_int_equal(ev->state.cookie, life_of(ev->state.isn)->cookie);
	} else if (ev->kind == EVENT_CLOSE) {
		assert_true(ev->close.has_isn);
		l = life_of(ev->close.isn);
		assert_true(l->over);
		assert_false(l->told_closed);
		l->told_closed = true;
	} else if (ev->kind == EVENT_COUNTER && !strcmp(ev->counter.name, "AttemptFails")) {
		assert_true(ev->counter.has_isn);
		assert_int_equal(ev->counter.delta, life_of(ev->counter.isn)->by_kernel);
	}
	tracker_feed(tracker, ev);
}

static int n_attempts;

static void on_attempt(const struct attempt *a, void *user)
{
	n_attempts++;
	assert_true(a->has_isn);
	assert_int_equal(a->n_syns, 1);
	assert_true(!a->cookie || a->cookie == life_of(a->isn)->cookie);
	assert_int_equal(a->end, ATTEMPT_END_CLOSE);
}

static void start(int n_lives, uint64_t *random)
{
	struct tracker_config c = { .max_attempts = 16, .linger_ns = INT64_MAX, .fn = on_attempt };

	memset(&world, 0, sizeof(world));
	world.n_wanted = n_lives;
	world.random = random;
	world.now_ns = 1000000000000;
	n_attempts = 0;
	ob = calloc(1, sizeof(*ob));
	tracker = tracker_new(&c);
	assert_true(ob && tracker);
	ob->o.on_event = on_event;
	ob->jiffies.hz = 250;
	ob->live[0] = (struct live *)ob; /* nobody looks into it */
	ob->destroyed = -1;
	flows_init(ob);
}

static void look(void)
{
	world.now_ns += 30 * MS;
	assert_int_equal(observe_pump(ob, NULL), 0);
}

/* The last one ends, too. */
static void finish(void)
{
	int i;

	world.random = NULL;
	while (world.n < world.n_wanted) {
		end_current(false);
		begin_next(false);
		look();
	}
	look();
	end_current(false);
	for (i = 0; i < 5; i++)
		look();
	assert_true(observe_settled(ob));
	for (i = 0; i < world.n; i++)
		assert_true(world.lives[i].told_closed);
	tracker_finish(tracker, observe_now(ob));
	assert_int_equal(n_attempts, world.n_wanted);
	tracker_free(tracker);
	free(ob);
}

/* The next one comes at that moment of a look, when this one was shown often, or never. */
static void used_again(enum moment m, bool shown, int n_lives)
{
	start(n_lives, NULL);
	begin_next(false);
	if (shown) {
		look();
		assert_int_equal(ob->flows[0].state, KNOWN_LISTED);
	}
	for (; n_lives > 1; n_lives--) {
		world.ends_at = world.begins_at = m;
		if (m == SOCKET_ASKED || m == SOCKET_ANSWERED)
			ob->last_dump_ns = observe_now(ob); /* so that it is asked for by itself */
		else
			ob->last_dump_ns = 0;
		look();
	}
	finish();
}

static void at_each_moment(void **state)
{
	int m, n;

	for (m = COUNTERS_READ; m <= PACKETS_READ; m++)
		for (n = 1; n < LIVES_MAX; n++) {
			used_again(m, true, n);
			used_again(m, false, n);
		}
}

/* It was gone before it was shown, and when it is asked for the next one answers. */
static void never_shown(void **state)
{
	start(2, NULL);
	begin_next(false);
	assert_int_equal(observe_packets(ob, NULL), 0);
	world.ends_at = DUMP_ASKED;
	world.begins_at = SOCKET_ASKED;
	look();
	assert_int_equal(ob->flows[0].seen_ns, 0);
	assert_true(world.lives[0].told_closed);
	finish();
}

static void taken_back(void **state)
{
	start(2, NULL);
	begin_next(false);
	look();
	end_current(false);
	begin_next(true);
	look();
	look();
	assert_int_equal(ob->flows[1].state, KNOWN_LISTED);
	assert_int_equal(ob->flows[1].cookie, 100);
	assert_int_equal(ob->flows[1].isn, 2000);
	assert_true(ob->flows[1].seen_ns > ob->flows[1].syn0_ns + 20 * MS); /* by the second look, too */
	finish();
}

static void at_any_moment(void **state)
{
	uint64_t seed, random;
	int i;

	for (seed = 0; seed < 3000; seed++) {
		random = seed;
		start(1 + (int)(seed % LIVES_MAX), &random);
		for (i = 0; i < 8; i++)
			look();
		finish();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_each_moment),
		cmocka_unit_test(never_shown),
		cmocka_unit_test(taken_back),
		cmocka_unit_test(at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
