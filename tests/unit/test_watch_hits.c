/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rule that tracing tells of is named for which drop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/watch_hits.h"

#define ISN 1000u
#define NETNS 7u
#define OTHER_NETNS 8u

static struct watch_hits *w;
static struct attempt a;
static struct drop d;

static struct endpoint at(uint8_t last, uint16_t port)
{
	return (struct endpoint){ .addr = { .family = 4, .b = { 10, 0, 0, last } }, .port = port };
}

static int begin(void **test)
{
	w = watch_hits_new();
	a = (struct attempt){ .has_isn = true, .isn = ISN, .netns = NETNS, .n_syns = 2 };
	a.flow.client = at(1, 40000);
	a.flow.server = at(2, 443);
	d = (struct drop){ .netns = NETNS };
	return !w;
}

static int end(void **test)
{
	watch_hits_free(w);
	return 0;
}

static struct rule_hit hit(uint64_t handle, const char *text)
{
	struct rule_hit h = { .maker = RULE_NFT,
			      .family = "inet",
			      .table = "t",
			      .chain = "c",
			      .hook = "output",
			      .handle = handle,
			      .has_packet = true };

	h.packet = (struct rule_packet){ .src = a.flow.client, .dst = a.flow.server, .seq = ISN, .flags = 2 };
	snprintf(h.text, sizeof(h.text), "%s", text);
	return h;
}

static void named(const char *text)
{
	d.rule[0] = 0;
	d.rule_by = RULE_BY_NOTHING;
	assert_int_equal(watch_hits_name(w, &a, &d), text != NULL);
	assert_string_equal(d.rule, text ? text : "");
	assert_int_equal(d.rule_by, text ? RULE_BY_TRACE : RULE_BY_NOTHING);
}

static void by_its_packets(void **test)
{
	struct rule_hit h = hit(4, "drop");

	named(NULL);
	watch_hits_add(w, NETNS, &h);
	named("nft inet t c handle 4: drop");
	/* dropped elsewhere, too, by what was not traced */
	d.netns = OTHER_NETNS;
	named(NULL);
	d.netns = NETNS;
	/* an attempt from the same port, later */
	a.isn++;
	named(NULL);
	a.isn--;
	a.has_isn = false;
	named(NULL);
	a.has_isn = true;
	/* what was dropped is an answer */
	d.reply = true;
	named(NULL);
	h.packet = (struct rule_packet){ .src = a.flow.server, .dst = a.flow.client, .seq = 5, .ack = ISN + 1 };
	h.handle = 5;
	watch_hits_add(w, NETNS, &h);
	named("nft inet t c handle 5: drop");
}

static void several(void **test)
{
	struct rule_hit first = hit(4, ""), again = hit(4, "a"), other = hit(40, "b");

	watch_hits_add(w, NETNS, &first); /* listed when it was gone, or not yet */
	watch_hits_add(w, NETNS, &again);
	named("nft inet t c handle 4: a");
	watch_hits_add(w, NETNS, &first);
	watch_hits_add(w, NETNS, &other);
	named("nft inet t c handle 4: a; and nft inet t c handle 40: b");
}

static void rejected(void **test)
{
	struct rule_hit h = hit(4, "reject");

	watch_hits_add(w, NETNS, &h);
	assert_false(watch_hits_reject(w, &a, &d)); /* it only dropped it */
	h.reject = true;
	watch_hits_add(w, NETNS, &h);
	assert_true(watch_hits_reject(w, &a, &d));
	assert_int_equal(d.place, DROP_LOCAL_OUTPUT);
	assert_int_equal(d.packets, 1); /* of two: what became of the other is not known */
	assert_int_equal(d.netns, NETNS);
	a.netns = OTHER_NETNS;
	assert_true(watch_hits_reject(w, &a, &d));
	assert_int_equal(d.place, DROP_PATH_OR_PEER);
	a.netns = 0; /* without eBPF it is not known: the one that is watched */
	assert_true(watch_hits_reject(w, &a, &d));
	assert_int_equal(d.place, DROP_LOCAL_OUTPUT);
	/* the next attempt from that port was refused by the server */
	a.isn++;
	assert_false(watch_hits_reject(w, &a, &d));
}

/* What is too old is forgotten, and looked at no more. */
static void forgotten(void **test)
{
	struct rule_hit h = hit(4, "drop"), other = hit(5, "drop");
	int i;

	watch_hits_add(w, NETNS, &h);
	other.packet.seq++;
	for (i = 0; i < 4095; i++)
		watch_hits_add(w, NETNS, &other);
	named("nft inet t c handle 4: drop");
	watch_hits_add(w, NETNS, &other);
	named(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_its_packets, begin, end),
		cmocka_unit_test_setup_teardown(several, begin, end),
		cmocka_unit_test_setup_teardown(rejected, begin, end),
		cmocka_unit_test_setup_teardown(forgotten, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
