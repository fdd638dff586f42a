/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an attempt was sent, from what conntrack told of in several network namespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sources/nat_heard.h"

#define OWN 7u
#define NEXT 8u
#define LAST 9u
#define NOW 1000000000000LL

static struct nat_heard *h;

static int begin(void **state)
{
	h = nat_heard_new(1);
	return !h;
}

static int end(void **state)
{
	nat_heard_free(h);
	return 0;
}

static struct endpoint at(const char *text)
{
	struct endpoint e;

	assert_int_equal(endpoint_parse(text, &e), 0);
	return e;
}

static struct flow flow(const char *client, const char *server)
{
	return (struct flow){ at(client), at(server) };
}

static void heard(uint32_t netns, struct flow came, struct flow goes, int64_t when)
{
	const struct conntrack_entry e = { came, goes };

	assert_true(nat_heard_put(h, &e, netns, when));
}

static void assert_way(struct flow f, bool leaves_own, int64_t since, uint32_t by, const char *server)
{
	struct endpoint want = at(server);
	struct nat_heard_way way;

	nat_heard_follow(h, &f, OWN, leaves_own, since, &way);
	assert_int_equal(way.by, by);
	assert_true(endpoint_equal(&way.goes.server, &want));
}

static void one(void **state)
{
	const struct flow f = flow("10.0.0.1:4000", "10.0.0.9:80");

	heard(OWN, f, flow("10.0.0.1:4000", "10.0.0.2:81"), NOW);
	assert_way(f, true, NOW, OWN, "10.0.0.2:81");
	/* of an earlier one */
	assert_way(f, true, NOW + 1, 0, "10.0.0.9:80");
	assert_way(flow("10.0.0.1:4001", "10.0.0.9:80"), true, NOW, 0, "10.0.0.9:80");
	assert_way(flow("[fd00::1]:4000", "[fd00::9]:80"), true, NOW, 0, "[fd00::9]:80");
	/* told again */
	heard(OWN, f, flow("10.0.0.1:4000", "10.0.0.3:82"), NOW + 1);
	assert_way(f, true, NOW, OWN, "10.0.0.3:82");
}

/* Its own rule; then its address is hidden; then another rule sends it on. */
static void chain(void **state)
{
	const struct flow f = flow("[fd00::1]:4000", "[fd00::9]:80"), own = flow("[fd00::1]:4000", "[fd00::8]:80"),
			  hidden = flow("[fd00::7]:61000", "[fd00::8]:80");

	heard(LAST, hidden, flow("[fd00::7]:61000", "[fd00::2]:81"), NOW);
	heard(NEXT, own, hidden, NOW);
	heard(OWN, f, own, NOW);
	assert_way(f, true, NOW, LAST, "[fd00::2]:81");
	/* what it sends to itself does not come to others */
	assert_way(f, false, NOW, OWN, "[fd00::8]:80");
	/* only the address was changed */
	assert_way(own, true, NOW + 1, 0, "[fd00::8]:80");
}

/* The same addresses and ports elsewhere: that of its own namespace comes first. */
static void others(void **state)
{
	const struct flow f = flow("10.0.0.1:4000", "10.0.0.9:80");

	heard(NEXT, f, flow("10.0.0.1:4000", "10.0.0.3:80"), NOW + 5);
	heard(OWN, f, flow("10.0.0.1:4000", "10.0.0.2:80"), NOW);
	assert_way(f, true, NOW, OWN, "10.0.0.2:80");
	assert_way(f, true, NOW + 1, NEXT, "10.0.0.3:80");
	assert_way(f, false, NOW + 1, 0, "10.0.0.9:80");
}

/* There and back again: it comes to an end, and what was asked for is where it went. */
static void round_about(void **state)
{
	const struct flow f = flow("10.0.0.1:4000", "10.0.0.9:80"), away = flow("10.0.0.1:4000", "10.0.0.2:80");

	heard(OWN, f, away, NOW);
	heard(NEXT, away, f, NOW);
	assert_way(f, true, NOW, 0, "10.0.0.9:80");
}

/* All is kept that may be needed, or it is said that it is not. */
static void room(void **state)
{
	const struct flow to = flow("10.0.0.1:4000", "10.0.0.2:80");
	uint32_t refused = 0, missing = 0, i;
	struct nat_heard_way way;

	for (i = 0; i < NAT_HEARD_MAX * 2; i++) {
		struct conntrack_entry e = { flow("10.0.0.1:1", "10.0.0.9:80"), to };

		e.came.client.port = (uint16_t)(i % 60000 + 1);
		e.came.client.addr.b[1] = (uint8_t)(i / 60000);
		refused += !nat_heard_put(h, &e, OWN, NOW);
		nat_heard_follow(h, &e.came, OWN, true, NOW, &way);
		assert_int_equal(way.by, OWN);
	}
	for (i = 0; i < NAT_HEARD_MAX * 2; i++) {
		struct flow f = flow("10.0.0.1:1", "10.0.0.9:80");

		f.client.port = (uint16_t)(i % 60000 + 1);
		f.client.addr.b[1] = (uint8_t)(i / 60000);
		nat_heard_follow(h, &f, OWN, true, NOW, &way);
		missing += way.by == 0;
	}
	assert_true(missing >= NAT_HEARD_MAX);
	assert_int_equal(missing, refused);
	/* later, nobody needs them */
	for (i = 0; i < NAT_HEARD_MAX * 2; i++) {
		struct flow f = flow("10.0.1.1:1", "10.0.0.9:80");

		f.client.port = (uint16_t)(i % 60000 + 1);
		if (i < NAT_HEARD_MAX / 8)
			heard(OWN, f, to, NOW + NAT_HEARD_NEEDED_NS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one, begin, end),
		cmocka_unit_test_setup_teardown(chain, begin, end),
		cmocka_unit_test_setup_teardown(others, begin, end),
		cmocka_unit_test_setup_teardown(round_about, begin, end),
		cmocka_unit_test_setup_teardown(room, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
