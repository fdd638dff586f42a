/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who ended sockets that left SYN_SENT, as the kernel's counters tell: what is told, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sources/observe_flows.h"

#define UNTOLD 99

/* By client port - 1. */
static int64_t aborts_told[16], fails_told[16], icmp_told[16];
static struct event_left left_told;
static int n_left, connected_as, resent, n_closed;

static void on_event(const struct event *ev, void *user)
{
	int64_t *to = !strcmp(ev->counter.name, "AttemptFails") ? fails_told
		      : !strcmp(ev->counter.name, "IcmpErrors") ? icmp_told
								: aborts_told;

	if (ev->kind == EVENT_LEFT) {
		left_told = ev->left;
		n_left++;
		return;
	}
	if (ev->kind == EVENT_STATE || ev->kind == EVENT_RETRANSMIT || ev->kind == EVENT_CLOSE) {
		if (ev->kind == EVENT_STATE)
			connected_as = ev->state.state;
		else if (ev->kind == EVENT_RETRANSMIT)
			resent = ev->retransmit.n;
		n_closed += ev->kind == EVENT_CLOSE;
		return;
	}
	assert_int_equal(ev->kind, EVENT_COUNTER);
	to[ev->counter.flow.client.port - 1] = ev->counter.delta;
}

static struct observe *start(void)
{
	struct observe *ob = calloc(1, sizeof(*ob));
	int i;

	assert_non_null(ob);
	ob->o.on_event = on_event;
	flows_init(ob);
	for (i = 0; i < 16; i++)
		aborts_told[i] = fails_told[i] = icmp_told[i] = UNTOLD;
	n_left = connected_as = resent = n_closed = 0;
	return ob;
}

/* A socket that was there at before_ms, when the counters were read, and gone at gone_ms. */
static struct known *gone(struct observe *ob, int before_ms, int64_t aborts, int64_t fails, int gone_ms, bool due)
{
	struct flow f = { .client.port = (uint16_t)(ob->n_flows + 1), .server.port = 80 };
	struct known *k = flows_add(ob, &f, true);

	k->before = (struct counts){ before_ms * MS, aborts, fails, before_ms * MS };
	k->cookie = 7;
	k->seen_ns = before_ms * MS;
	k->gone_ns = gone_ms * MS;
	k->may_be_timeout = due;
	k->state = KNOWN_GONE;
	return k;
}

static void count(struct observe *ob, int at_ms, int64_t aborts, int64_t fails)
{
	ob->now = (struct counts){ at_ms * MS, aborts, fails, at_ms * MS };
	gone_resolve(ob);
}

static void assert_told(int i, int64_t aborts, int64_t fails)
{
	assert_int_equal(aborts_told[i], aborts);
	assert_int_equal(fails_told[i], fails);
}

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

/* A socket that went while others' attempts failed, and of which the kernel told that it was destroyed, or did not. */
static void left(const struct sockdiag_socket *destroyed, bool blocking, bool told, bool failed, bool answered)
{
	struct observe *ob = start();
	struct known *k = gone(ob, 1000, 5, 7, 1008, false);

	ob->o.shared = true;
	k->blocking = blocking;
	k->segs_in = 2;
	if (destroyed)
		socket_destroyed(ob, k, destroyed);
	count(ob, 1032, 5, 9);
	assert_told(0, 0, UNTOLD);
	assert_int_equal(k->state, KNOWN_OVER);
	assert_int_equal(n_left, told);
	assert_true(!told || (left_told.failed == failed && left_told.answered == answered));
	free(ob);
}

static void left_its_state(void **state)
{
	struct sockdiag_socket s = { .state.flow.server.port = 80, .segs_in = 3 };

	left(&s, false, true, false, true);
	s.segs_in = 2; /* they came while it waited */
	left(&s, false, true, false, false);
	s.state.flow.server.port = 0;
	left(&s, false, false, false, false); /* shutdown(), and the like */
	left(&s, true, true, true, false);
	left(NULL, true, false, false, false); /* the notice may be late */
}

/* It connected, and was over again before anybody looked: no kernel's count is asked. */
static void came_and_went(void **state)
{
	const struct sockdiag_socket s = { .state.state = 7, .was_connected = true, .total_retrans = 2 };
	struct observe *ob;
	struct known *k;
	int shared;

	for (shared = 0; shared < 2; shared++) {
		ob = start();
		ob->o.shared = shared;
		k = gone(ob, 1000, 5, 7, 1008, false);
		k->state = KNOWN_LISTED;
		k->syn0_ns = 900 * MS;
		socket_destroyed(ob, k, &s);
		assert_int_equal(connected_as, 1);
		assert_int_equal(resent, 1);	    /* its timer fired once at most; the rest is data */
		assert_int_equal(n_closed, shared); /* else the result of its connect() is told */
		count(ob, 1032, 5, 9);
		assert_told(0, UNTOLD, UNTOLD);
		assert_int_equal(n_left, 0);
		assert_int_equal(k->state, KNOWN_OVER);
		free(ob);
	}
}

/* Taken back by a close with SO_LINGER 0, perhaps. */
static void closed_hard(void **state)
{
	const struct sockdiag_socket s = { .state.state = 7 };
	struct observe *ob = start();
	struct known *k = gone(ob, 1000, 5, 7, 1008, false);

	ob->o.shared = true;
	k->blocking = true;
	socket_destroyed(ob, k, &s);
	ob->now = (struct counts){ 1032 * MS, 5, 9, 1032 * MS, 0, 1 };
	gone_resolve(ob);
	assert_int_equal(n_left, 0);
	free(ob);
}

/* Its process has it still. */
static struct observe *held(int fd, bool blocking, int64_t fails, int64_t resets)
{
	struct observe *ob = start();
	struct known *k = gone(ob, 1000, 5, 7, 1008, false);
	struct stat st;

	assert_false(fstat(fd, &st));
	ob->o.shared = true;
	k->pid = getpid();
	k->last.inode = (uint32_t)st.st_ino;
	k->blocking = blocking;
	ob->now = (struct counts){ 1032 * MS, 5, fails, 1032 * MS, 0, 0, resets };
	gone_resolve(ob);
	assert_int_equal(aborts_told[0], 0);
	return ob;
}

static void left_to_its_program(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0);
	struct procs_wanted w = { 0 };
	struct observe *ob;
	struct stat st;

	assert_true(fd >= 0 && other >= 0 && !fstat(fd, &st));
	w.inode = (uint32_t)st.st_ino;
	assert_int_equal(procs_socket_owners(&w, 1, getpid()), 1);
	assert_true(w.blocking);
	assert_false(fcntl(fd, F_SETFL, O_NONBLOCK));
	assert_int_equal(procs_socket_owners(&w, 1, getpid()), 1);
	assert_false(w.blocking);

	free(held(fd, true, 9, 0));
	assert_true(n_left == 1 && left_told.failed);
	free(held(fd, false, 9, 0)); /* it may have shut it down */
	assert_int_equal(n_left, 0);
	free(held(fd, true, 9, 1)); /* it may have been connected, and reset */
	assert_int_equal(n_left, 0);
	free(held(fd, true, 7, 0)); /* the kernel did not end it: it may have been connected, and closed by both */
	assert_int_equal(fails_told[0], UNTOLD);
	ob = held(fd, true, 9, 0);
	assert_true(socket_is_held(&ob->flows[0]));
	close(fd);
	assert_false(socket_is_held(&ob->flows[0]));
	free(ob);
	close(other);
}

/* Others' connections were reset; of one that was destroyed it is known that it was not connected. */
static void resets_of_others(void **state)
{
	const struct sockdiag_socket s = { .state.flow.server.port = 80 };
	struct observe *ob;
	int destroyed;

	for (destroyed = 0; destroyed < 2; destroyed++) {
		ob = start();
		ob->o.shared = true;
		gone(ob, 1000, 5, 7, 1008, false);
		if (destroyed)
			socket_destroyed(ob, &ob->flows[0], &s);
		ob->now = (struct counts){ 1032 * MS, 5, 7, 1032 * MS, 0, 0, 3 };
		gone_resolve(ob);
		assert_told(0, 0, destroyed ? 0 : UNTOLD);
		free(ob);
	}
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
		cmocka_unit_test(timeout_of_another_state),
		cmocka_unit_test(counted_while_read),
		cmocka_unit_test(reset_by_peer),
		cmocka_unit_test(one_reset_of_two),
		cmocka_unit_test(timeout_before_due),
		cmocka_unit_test(ended_somehow),
		cmocka_unit_test(endless_stream),
		cmocka_unit_test(left_its_state),
		cmocka_unit_test(came_and_went),
		cmocka_unit_test(closed_hard),
		cmocka_unit_test(resets_of_others),
		cmocka_unit_test(left_to_its_program),
		cmocka_unit_test(icmp_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
