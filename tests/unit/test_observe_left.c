/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that left SYN_SENT and are somebody's still, or were taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/observe_told.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left_its_state),      cmocka_unit_test(came_and_went),
		cmocka_unit_test(closed_hard),	       cmocka_unit_test(resets_of_others),
		cmocka_unit_test(left_to_its_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
