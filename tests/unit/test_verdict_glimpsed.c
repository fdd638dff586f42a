/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is certain of an attempt that was glimpsed: only what its own socket proves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "core/verdict.h"

#define S ((int64_t)1000000000)

static struct attempt a;

/* One that waited for half a second, and is gone. */
static int set_up(void **state)
{
	memset(&a, 0, sizeof(a));
	endpoint_parse("10.0.0.1:40000", &a.flow.client);
	endpoint_parse("10.0.0.2:443", &a.flow.server);
	a.glimpsed = a.socket_seen = a.syns_seen = true;
	a.n_syns = 1;
	a.syn_ns[0] = a.first_state_ns = a.last_state_ns = S;
	a.ended_ns = S + S / 2;
	a.end = ATTEMPT_END_CLOSE;
	a.pid = 42;
	return 0;
}

static void assert_is(enum outcome outcome, enum confidence glimpsed, enum confidence known)
{
	struct verdict v;

	verdict_make(&a, &v);
	assert_int_equal(v.outcome, outcome);
	assert_int_equal(v.confidence, glimpsed);
	a.glimpsed = false;
	verdict_make(&a, &v);
	assert_int_equal(v.outcome, outcome);
	assert_int_equal(v.confidence, known);
	a.glimpsed = true;
}

/* The kernel did not end it. */
static void given_up(void **state)
{
	a.has_fail_count = true;
	a.holder_alive = true;
	assert_is(OUTCOME_ABANDONED, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN);
	a.holder_alive = false; /* its process has it still, so that it took it back */
	assert_is(OUTCOME_ABANDONED, CONFIDENCE_CERTAIN, CONFIDENCE_CERTAIN);
	a.pid = 0;
	assert_is(OUTCOME_ABANDONED, CONFIDENCE_LIKELY, CONFIDENCE_LIKELY);
	a.ended_ns = S + 10;
	assert_is(OUTCOME_ABANDONED, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN);
}

/* Its timer was not due, and nothing was seen to come; but `ss -K` is not seen. */
static void not_by_timer(void **state)
{
	a.timer_left_ns = S / 2;
	assert_is(OUTCOME_ABANDONED, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN);
}

/* The kernel gave some up just then: those that a program's own TCP_SYNCNT ends look like those that it closes. */
static void some_timed_out(void **state)
{
	struct verdict v;

	a.n_syns = 2;
	a.syn_ns[1] = 2 * S;
	a.retransmits = 1;
	a.last_state_ns = a.ended_ns = 4 * S;
	a.has_policy = true;
	a.policy = (struct policy){ .retries = 5, .hz = 250, .rto_max_ms = 120000 };
	assert_is(OUTCOME_ABANDONED, CONFIDENCE_LIKELY, CONFIDENCE_LIKELY);
	a.has_icmp_count = true;
	verdict_make(&a, &v);
	assert_int_equal(v.outcome, OUTCOME_UNANSWERED);
	assert_int_equal(v.confidence, CONFIDENCE_UNKNOWN);
	a.has_abort_count = true; /* none was: it was no timeout */
	assert_is(OUTCOME_ABANDONED, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN);
}

static void reset(void **state)
{
	a.n_replies = 1;
	a.replies[0] = (struct reply){ .t_ns = S + S / 2 - 1000, .kind = REPLY_RST, .from = a.flow.server.addr };
	assert_is(OUTCOME_REFUSED, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN);
	a.has_left = a.left_answered = true; /* it was counted by its socket */
	assert_is(OUTCOME_REFUSED, CONFIDENCE_CERTAIN, CONFIDENCE_CERTAIN);
}

static void killed(void **state)
{
	a.end = ATTEMPT_END_SIGNAL;
	a.end_signal = a.exit_signal = SIGKILL;
	a.exited = true;
	assert_is(OUTCOME_KILLED, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN);
}

static void connected(void **state)
{
	a.connected = true;
	a.connected_ns = a.ended_ns;
	assert_is(OUTCOME_ESTABLISHED, CONFIDENCE_CERTAIN, CONFIDENCE_CERTAIN);
	a.socket_seen = false;
	assert_is(OUTCOME_ESTABLISHED, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(given_up, set_up),  cmocka_unit_test_setup(not_by_timer, set_up),
		cmocka_unit_test_setup(reset, set_up),	   cmocka_unit_test_setup(killed, set_up),
		cmocka_unit_test_setup(connected, set_up), cmocka_unit_test_setup(some_timed_out, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
