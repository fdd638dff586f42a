/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "lab/run_own.h"

static struct flow flow(int client, int server)
{
	struct flow f = { .client.port = (uint16_t)client, .server.port = (uint16_t)server };

	addr_parse("192.0.2.1", &f.client.addr);
	addr_parse("192.0.2.2", &f.server.addr);
	return f;
}

static struct event sent(const struct flow *f, uint16_t flags, uint32_t seq)
{
	return (struct event){ .kind = EVENT_SEGMENT,
			       .segment = { .src = f->client, .dst = f->server, .flags = flags, .seq = seq } };
}

static struct event received(const struct flow *f, uint16_t flags)
{
	return (struct event){ .kind = EVENT_SEGMENT,
			       .segment = { .src = f->server, .dst = f->client, .flags = flags } };
}

static bool has(struct run_own *o, struct event ev)
{
	return run_own_has(o, &ev);
}

static struct run_own *new (void)
{
	struct run_own *o = malloc(sizeof(*o));

	assert_non_null(o);
	run_own_init(o);
	return o;
}

static void test_own_and_foreign(void **state)
{
	struct run_own *o = new ();
	const struct flow f = flow(1000, 80), beside = flow(1000, 81), bucket = flow(1000 + RUN_OWN_BUCKETS, 80);

	assert_false(has(o, sent(&f, TCP_SYN, 7)));
	run_own_add(o, &f, 7);
	assert_true(has(o, sent(&f, TCP_SYN, 7)));
	assert_true(has(o, received(&f, TCP_SYN | TCP_ACK)));
	assert_true(has(o, received(&f, TCP_RST | TCP_ACK)));
	assert_true(has(o, sent(&f, TCP_RST, 8)));
	assert_true(has(o, (struct event){ .kind = EVENT_ICMP, .icmp.flow = f }));
	assert_false(has(o, sent(&beside, TCP_SYN, 7)));
	assert_false(has(o, sent(&bucket, TCP_SYN, 7)));
	assert_false(has(o, received(&bucket, TCP_SYN | TCP_ACK)));
	assert_false(has(o, (struct event){ .kind = EVENT_ICMP, .icmp.flow = beside }));
	assert_false(has(o, (struct event){ .kind = EVENT_STATE, .state.flow = f }));
	free(o);
}

/* Somebody else has the 4-tuple next. */
static void test_reused(void **state)
{
	struct run_own *o = new ();
	const struct flow f = flow(1000, 80);

	run_own_add(o, &f, 7);
	assert_false(has(o, sent(&f, TCP_SYN, 8)));
	assert_false(has(o, received(&f, TCP_SYN | TCP_ACK)));
	run_own_add(o, &f, 9);
	assert_true(has(o, sent(&f, TCP_SYN, 9)));
	free(o);
}

/* The oldest make room, whatever became of those between. */
static void test_room(void **state)
{
	struct run_own *o = new ();
	int i;

	for (i = 0; i < 3 * RUN_OWN_MAX; i++) {
		const struct flow f = flow(1 + i % 60000, 80 + i / 60000);

		run_own_add(o, &f, (uint32_t)i);
		if (i % 3 == 0)
			assert_false(has(o, sent(&f, TCP_SYN, (uint32_t)i + 1)));
	}
	for (i = 0; i < 3 * RUN_OWN_MAX; i++) {
		const struct flow f = flow(1 + i % 60000, 80 + i / 60000);

		assert_int_equal(has(o, sent(&f, TCP_SYN, (uint32_t)i)), i >= 2 * RUN_OWN_MAX && i % 3);
	}
	free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_and_foreign),
		cmocka_unit_test(test_reused),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
