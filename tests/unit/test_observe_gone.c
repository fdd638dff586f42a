/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who ended sockets that left SYN_SENT, as the kernel's counters tell: what is told, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/unit/observe_told.h"

static void nothing_moved(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 5, 7, 1008, true);
	count(ob, 1016, 5, 7); /* too soon: the counter moves after the socket's state */
	assert_told(0, UNTOLD, UNTOLD);
	count(ob, 1032, 5, 7);
	assert_told(0, 0, 0);
	assert_int_equal(ob->flows[0].state, KNOWN_OVER);
	free(ob);
}

static void one_timeout(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 5, 7, 1008, true);
	count(ob, 1032, 6, 8);
	assert_told(0, 1, 1);
	free(ob);
}

/* What was counted before the socket was last seen is not its own. */
static void counted_before(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 6, 8, 1008, true);
	count(ob, 1032, 6, 8);
	assert_told(0, 0, 0);
	free(ob);
}

static void as_many_as_sockets(void **state)
{
	struct observe *ob = start();
	int i;

	for (i = 0; i < 5; i++)
		gone(ob, 1000, 0, 0, 1008, true);
	count(ob, 1032, 5, 5);
	for (i = 0; i < 5; i++)
		assert_told(i, 1, 1);
	free(ob);
}

/* One of two was ended by the kernel, and nobody knows which. */
static void fewer_than_sockets(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true);
	gone(ob, 1000, 0, 0, 1008, true);
	count(ob, 1032, 1, 1);
	assert_told(0, UNTOLD, UNTOLD);
	assert_told(1, UNTOLD, UNTOLD);
	assert_int_equal(ob->flows[0].state, KNOWN_OVER);
	free(ob);
}

/* But a timer that was not due has ended nothing. */
static void timer_tells_them_apart(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true);
	gone(ob, 1000, 0, 0, 1008, false);
	count(ob, 1032, 1, 1);
	assert_told(0, 1, 1);
	assert_told(1, UNTOLD, UNTOLD);
	free(ob);
}

/* A socket to another server counts, though nothing is told of it. */
static void another_server(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true)->watched = false;
	gone(ob, 1000, 0, 0, 1008, true);
	count(ob, 1032, 1, 1);
	assert_told(0, UNTOLD, UNTOLD);
	assert_told(1, UNTOLD, UNTOLD);
	free(ob);
}

/* A: 1000 to 1032, B: 1024 to 1056.  One count fits both times, so they are judged together, once both are known. */
static void overlapping(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true);
	gone(ob, 1024, 0, 0, 1031, true);
	count(ob, 1032, 1, 1);
	assert_told(0, UNTOLD, UNTOLD);
	count(ob, 1056, 2, 2);
	assert_told(0, 1, 1);
	assert_told(1, 1, 1);
	free(ob);
}

static void overlapping_unclear(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true);
	gone(ob, 1024, 0, 0, 1031, true);
	count(ob, 1032, 1, 1);
	count(ob, 1056, 1, 1);
	assert_told(0, UNTOLD, UNTOLD);
	assert_told(1, UNTOLD, UNTOLD);
	free(ob);
}

/* One after the other, each with counts of its own. */
static void apart(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true);
	count(ob, 1032, 1, 1);
	gone(ob, 1032, 1, 1, 1040, true);
	count(ob, 1064, 1, 1);
	assert_told(0, 1, 1);
	assert_told(1, 0, 0);
	free(ob);
}

/* B began when A's timeout was counted, and was ended by an ICMP error: so the timeout was A's. */
static void timeout_before_another(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true);
	gone(ob, 1012, 1, 1, 1020, true);
	count(ob, 1048, 1, 2);
	assert_told(0, 1, 1);
	assert_told(1, 0, 1);
	free(ob);
}

/* A timeout of a connection that was established is none of an attempt: AttemptFails stands still. */
static void timeout_of_another_state(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true);
	count(ob, 1032, 1, 0);
	assert_told(0, 0, 0);
	free(ob);
}

/* Its SYN left while the counters were being read: its end may be in them already, so they tell nothing of it. */
static void counted_while_read(void **state)
{
	struct observe *ob = start();
	struct known *k = gone(ob, 1000, 0, 1, 1008, true);

	k->state = KNOWN_LISTED;
	k->watched = false; /* its close is told, which is not what is looked at here */
	k->before.read_ns = 1003 * MS;
	k->seen_ns = 0;
	k->syn0_ns = k->last_syn_ns = 1001 * MS;
	gone_begin(ob, k);
	assert_int_equal(k->state, KNOWN_OVER);
	k->state = KNOWN_LISTED;
	k->syn0_ns = k->last_syn_ns = 1006 * MS;
	gone_begin(ob, k);
	assert_int_equal(k->state, KNOWN_GONE);
	free(ob);
}

/* An RST: ended by the kernel, not by its timer. */
static void reset_by_peer(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true);
	count(ob, 1032, 0, 1);
	assert_told(0, 0, 1);
	free(ob);
}

/* One RST, two sockets: no timeout, and no more is known. */
static void one_reset_of_two(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, true);
	gone(ob, 1000, 0, 0, 1008, true);
	count(ob, 1032, 0, 1);
	assert_told(0, 0, UNTOLD);
	assert_told(1, 0, UNTOLD);
	free(ob);
}

/* An ICMP error fired its timer before that was due. */
static void timeout_before_due(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, false);
	count(ob, 1032, 1, 1);
	assert_told(0, 1, 1);
	free(ob);
}

/* All of them were ended by the kernel, and of one nobody knows that it was a timeout. */
static void ended_somehow(void **state)
{
	struct observe *ob = start();

	gone(ob, 1000, 0, 0, 1008, false);
	gone(ob, 1000, 0, 0, 1008, false);
	count(ob, 1032, 1, 2);
	assert_told(0, UNTOLD, 1);
	assert_told(1, UNTOLD, 1);
	free(ob);
}

/* A stream of sockets that each overlap the next is not waited for for ever. */
static void endless_stream(void **state)
{
	struct observe *ob = start();
	int i;

	gone(ob, 1000, 0, 0, 1008, true);
	for (i = 0; i < 12; i++) {
		gone(ob, 1024 + 50 * i, i, i, 1070 + 50 * i, true);
		count(ob, 1075 + 50 * i, i + 1, i + 1);
	}
	assert_int_equal(ob->flows[0].state, KNOWN_OVER);
	free(ob);
}

static void icmp_errors(void **state)
{
	struct observe *ob = start();

	ob->o.shared = true;
	gone(ob, 1000, 5, 7, 1008, false)->before.icmp = 3;
	ob->now = (struct counts){ 1032 * MS, 5, 9, 1032 * MS, 5 };
	gone_resolve(ob);
	assert_int_equal(icmp_told[0], 2);
	free(ob);
	ob = start();
	ob->o.shared = true;
	gone(ob, 1000, 5, 7, 1008, false)->before.icmp = -1;
	ob->now = (struct counts){ 1032 * MS, 5, 9, 1032 * MS, -1 };
	gone_resolve(ob);
	assert_int_equal(icmp_told[0], UNTOLD);
	free(ob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_moved),
		cmocka_unit_test(one_timeout),
		cmocka_unit_test(counted_before),
		cmocka_unit_test(as_many_as_sockets),
		cmocka_unit_test(fewer_than_sockets),
		cmocka_unit_test(timer_tells_them_apart),
		cmocka_unit_test(another_server),
		cmocka_unit_test(overlapping),
		cmocka_unit_test(overlapping_unclear),
		cmocka_unit_test(apart),
		cmocka_unit_test(timeout_before_another),
		cmocka_unit_test(timeout_of_another_state),
		cmocka_unit_test(counted_while_read),
		cmocka_unit_test(reset_by_peer),
		cmocka_unit_test(one_reset_of_two),
		cmocka_unit_test(timeout_before_due),
		cmocka_unit_test(ended_somehow),
		cmocka_unit_test(endless_stream),
		cmocka_unit_test(icmp_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
