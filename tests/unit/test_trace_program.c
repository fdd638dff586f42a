/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts that the program ended, or that did not begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "core/digest.h"
#include "tests/unit/trace_made.h"

static void the_program_ended_it(void **test)
{
	begin();
	sent_again(2);
	ended(5 * S, WATCH_PROGRAM, 0);
	r.attempt.closer_pid = 812;
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_CERTAIN);
	assert_int_equal(v.elapsed_ns, 5 * S);
	assert_true(a.holder_alive);
	assert_true(has_evidence("the application closed the socket in SYN-SENT"));
	/* by another that has it, or took it */
	r.attempt.closer_pid = 4711;
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_CERTAIN);
	assert_true(has_evidence("process 4711, not the one that connected, closed the socket in SYN-SENT"));
	/* it was killed */
	begin();
	ended(700 * MS, WATCH_PROGRAM, 0);
	r.attempt.exiting = 1;
	r.attempt.exit_code = SIGKILL;
	told();
	assert_verdict(OUTCOME_KILLED, GAVE_UP_SIGNAL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_int_equal(a.end_signal, SIGKILL);
	/* with a core, which is a bit of its own */
	r.attempt.exit_code = SIGSEGV | 0x80;
	told();
	assert_int_equal(v.outcome, OUTCOME_KILLED);
	assert_int_equal(a.end_signal, SIGSEGV);
	/* it ended by itself */
	r.attempt.exit_code = 3 << 8;
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_CERTAIN);
	assert_int_equal(a.exit_status, 3);
	assert_int_equal(a.end_signal, 0);
	/* from outside */
	begin();
	ended(2 * S, WATCH_KERNEL, ECONNABORTED);
	told();
	assert_int_equal(v.outcome, OUTCOME_ABANDONED);
	assert_non_null(strstr(v.headline, "SOCK_DESTROY"));
}

static bool counts_as_cancelled(void)
{
	struct digest d;

	digest_make(&a, &v, &d);
	return d.cancelled;
}

static void won(int family, int64_t before_end_ns, int64_t before_that_ns)
{
	struct watch_winner *w = &r.more.winner;

	begin();
	ended(250 * MS, WATCH_PROGRAM, 0);
	r.attempt.has_more = 1;
	*w = (struct watch_winner){ .at_ns = r.attempt.end_ns - (uint64_t)before_end_ns,
				    .server = { { 10, 0, 0, 3 } },
				    .family = (uint32_t)family };
	w->before_ns = before_that_ns ? w->at_ns - (uint64_t)before_that_ns : 0;
	told();
}

/* Its process had connected to another address, and closed it then (Happy Eyeballs). */
static void lost_a_race(void **test)
{
	char text[ENDPOINT_TEXT_LEN];

	won(4, 400 * US, 0);
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_CERTAIN);
	assert_string_equal(endpoint_format(&a.winner, text), "10.0.0.3:443");
	assert_int_equal(a.winner_ns, START + 249600 * US);
	assert_string_equal(v.headline, "the application gave up after 0.250 s: likely cancelled, since 10.0.0.3 won");
	assert_true(has_evidence("0.40 ms before, the same process had connected to 10.0.0.3:443: another address"));
	assert_non_null(strstr(v.advice, "none where both are addresses of one server"));
	assert_true(counts_as_cancelled());
	won(6, 99 * MS, 0);
	assert_int_equal(a.winner.addr.family, 6);
	/* by chance that happens, too: to who connects all the time, or much later */
	won(4, 400 * US, 8 * MS);
	assert_int_not_equal(a.winner_ns, 0);
	won(4, 400 * US, 7 * MS);
	assert_int_equal(a.winner_ns, 0);
	assert_string_equal(v.headline, "the application gave up after 0.250 s, by a limit of its own");
	assert_false(counts_as_cancelled());
	won(4, 101 * MS, 0);
	assert_int_equal(a.winner_ns, 0);
	/* before it began, or the same address, is no race; nor is no address one */
	won(4, 251 * MS, 0);
	assert_int_equal(a.winner_ns, 0);
	won(7, 400 * US, 0);
	assert_int_equal(a.winner_ns, 0);
	won(4, 400 * US, 0);
	r.more.winner.server = r.attempt.flow.server;
	told();
	assert_int_equal(a.winner_ns, 0);
}

/* The event of its end was lost. */
static void seen_gone(void **test)
{
	begin();
	sent_again(5);
	ended(predicted_ns() + 2 * MS, WATCH_KERNEL, ETIMEDOUT);
	r.attempt.how = WATCH_SEEN_GONE;
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	/* one that was read from its error queue while it waited: the program may have closed it afterwards */
	begin();
	ended(2 * S, WATCH_KERNEL, EHOSTUNREACH);
	r.attempt.how = WATCH_SEEN_GONE;
	told();
	assert_int_equal(a.close_cause, CLOSE_KERNEL);
	r.attempt.flags = WATCH_ERROR_READ;
	told();
	assert_int_equal(a.close_cause, CLOSE_UNKNOWN);
	assert_int_not_equal(v.confidence, CONFIDENCE_CERTAIN);
	/* nothing is known of who did it: never certain */
	begin();
	ended(2 * S, WATCH_NOBODY_KNOWN, 0);
	r.attempt.how = WATCH_SEEN_GONE;
	told();
	assert_int_equal(a.close_cause, CLOSE_UNKNOWN);
	assert_int_equal(a.unseen_ns, 2 * S);
	assert_int_not_equal(v.confidence, CONFIDENCE_CERTAIN);
	assert_int_not_equal(v.outcome, OUTCOME_PENDING);
	/* its SYN was dropped for want of a neighbour */
	dropped(0, 1)->location = NEIGHBOUR;
	r.more.drops[0].last_ns = BEGUN + 1900 * MS;
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
	/* nor whether the program that holds it later is the one */
	begin();
	ended(2 * S, WATCH_PROGRAM, 0);
	r.attempt.how = WATCH_SEEN_GONE;
	told();
	assert_int_not_equal(v.confidence, CONFIDENCE_CERTAIN);
}

/* connect() failed before its SYN. */
static void failed(int error, uint32_t flags)
{
	begin();
	r.attempt.how = WATCH_NOT_BEGUN;
	r.attempt.by = WATCH_KERNEL;
	r.attempt.error = error;
	r.attempt.flags = flags;
	r.attempt.end_ns = BEGUN;
	told();
}

/* By the routes, which are asked when connect() has failed. */
static void asked(int error)
{
	a.route_asked = true;
	a.route_error = error;
	verdict_make(&a, &v);
}

static void not_begun(void **test)
{
	static const struct {
		int error;
		enum outcome outcome;
	} cases[] = { { EADDRNOTAVAIL, OUTCOME_FAILED },    { EPERM, OUTCOME_FAILED },
		      { EINVAL, OUTCOME_FAILED },	    { EACCES, OUTCOME_FAILED },
		      { ENETUNREACH, OUTCOME_UNREACHABLE }, { EHOSTUNREACH, OUTCOME_UNREACHABLE } };
	bool of_routes;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		failed(cases[i].error, 0);
		of_routes = cases[i].error != EADDRNOTAVAIL && cases[i].error != EPERM;
		assert_verdict(cases[i].outcome, GAVE_UP_KERNEL, LIMIT_NONE,
			       cases[i].error == EPERM ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
		assert_int_equal(v.error, cases[i].error);
		assert_int_equal(a.n_syns, 0);
		assert_false(a.has_isn);
		if (!of_routes)
			continue;
		asked(cases[i].error);
		assert_verdict(cases[i].outcome, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
		/* a program of a cgroup, seccomp, or a rule that asks for a mark */
		asked(0);
		assert_verdict(cases[i].outcome, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
		assert_null(strstr(v.headline, "this host has no route"));
		assert_true(has_evidence("have a way to the server"));
		asked(cases[i].error == EACCES ? EINVAL : EACCES);
		assert_verdict(cases[i].outcome, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
	}
	r.attempt.error = EHOSTUNREACH;
	told();
	asked(EHOSTUNREACH);
	assert_string_equal(v.headline, "a route of this host, of type unreachable, refuses it");
	r.attempt.error = ENETUNREACH;
	told();
	asked(ENETUNREACH);
	assert_string_equal(v.headline, "this host has no route to the server");
	r.attempt.flags |= WATCH_V6ONLY;
	told();
	assert_string_equal(v.headline, "the socket is for IPv6 alone, and the server's address is one of IPv4");
	r.attempt.flags = 0;
	told();
	a.to_broadcast = true;
	asked(ENETUNREACH);
	assert_string_equal(v.headline, "that is a broadcast address, and TCP cannot connect to one");
}

/* A program gives EADDRNOTAVAIL, too, but not where the kernel looks for a source port. */
static void no_port(void **test)
{
	failed(EADDRNOTAVAIL, WATCH_PORT);
	assert_verdict(OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_string_equal(v.headline, "no free source port on this host");
	assert_true(has_evidence("looks for a source port"));
	failed(EADDRNOTAVAIL, 0);
	assert_verdict(OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_non_null(strstr(v.headline, "a program refused its connect()"));
	asked(0);
	assert_verdict(OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
	asked(EADDRNOTAVAIL);
	assert_verdict(OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_string_equal(v.headline, "this host has no source address for it");
	a.no_ipv6 = true;
	asked(EADDRNOTAVAIL);
	assert_verdict(OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_non_null(strstr(v.headline, "no address of IPv6 in its network namespace"));
	a.no_ipv6 = false;
	asked(EINVAL);
	assert_verdict(OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_non_null(strstr(v.headline, "a program refused its connect()"));
}

/* No SYN was sent, and so the kernel gave none of these. */
static void not_the_kernels(void **test)
{
	static const int errors[] = { ECONNREFUSED, ETIMEDOUT, ECONNRESET, ECONNABORTED };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		failed(errors[i], 0);
		assert_verdict(OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
		assert_int_equal(v.error, errors[i]);
		assert_non_null(strstr(v.headline, "a program refused its connect()"));
	}
}

static void fast_open_that_wrote_nothing(void **test)
{
	begin();
	r.attempt.flags |= WATCH_UNSENT;
	ended(1200 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_CERTAIN);
	assert_int_equal(a.n_syns, 0);
	assert_true(has_evidence("no SYN had left"));
}

/* start_ns is SYN 0's time, then. */
static void fast_open_that_wrote_later(void **test)
{
	begin();
	sent_again(1);
	r.more.deferred_ms = 1200;
	ended(1800 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_CERTAIN);
	assert_int_equal(a.syn_ns[0], START);
	assert_int_equal(a.connect_ns, START - 1200 * MS);
	assert_int_equal(v.elapsed_ns, 1800 * MS);
	assert_true(has_evidence("connect() was called 1.200 s before SYN 0, which left with the first write"));
	/* it waits, and nothing has told when its SYN left */
	begin();
	r.attempt.flags |= WATCH_FASTOPEN;
	told();
	assert_int_equal(v.outcome, OUTCOME_PENDING);
	assert_false(a.has_phase);
	assert_true(has_evidence("may leave only with the first write"));
}

/* io_uring's last reference goes in a thread of the kernel, also when the program was killed. */
static void let_go(void **test)
{
	begin();
	r.attempt.by_thread = 1;
	ended(600 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_LIKELY);
	a.holder_ending = true;
	verdict_make(&a, &v);
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
}

/* The one that connected passed it on, and lives. */
static void another_was_killed(void **test)
{
	begin();
	r.attempt.closer_pid = 4711;
	r.attempt.exiting = 1;
	r.attempt.exit_code = SIGKILL;
	ended(600 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_KILLED, GAVE_UP_SIGNAL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_true(has_evidence("process 4711 died of SIGKILL"));
}

/* What reading the error queue leaves in sk_err, or an end: nothing tells. */
static void error_that_was_read(void **test)
{
	begin();
	ended(600 * MS, WATCH_DOUBTFUL, ENETUNREACH);
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_LIKELY);
	assert_true(has_evidence("error queue"));
	assert_false(has_evidence("was lost"));
}

static void of_a_worker(void **test)
{
	begin();
	ended(2 * S, WATCH_PROGRAM, 0);
	told();
	assert_false(has_evidence("a worker of the kernel"));
	strcpy(r.attempt.comm, "kworker/1:3");
	told();
	assert_true(has_evidence("a worker of the kernel connected it"));
}

static void link_local(void **test)
{
	failed(EINVAL, 0);
	asked(EINVAL);
	assert_non_null(strstr(v.headline, "blackhole"));
	r.attempt.flow.family = 6;
	r.attempt.flow.server = (struct watch_addr){ { 0xfe, 0x80, [15] = 1 } };
	told();
	asked(EINVAL);
	assert_verdict(OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_non_null(strstr(v.headline, "goes with an interface"));
	a.traced = false; /* as of connect, whose call it is */
	verdict_make(&a, &v);
	assert_verdict(OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_ended_it),
		cmocka_unit_test(lost_a_race),
		cmocka_unit_test(seen_gone),
		cmocka_unit_test(not_begun),
		cmocka_unit_test(no_port),
		cmocka_unit_test(not_the_kernels),
		cmocka_unit_test(fast_open_that_wrote_nothing),
		cmocka_unit_test(fast_open_that_wrote_later),
		cmocka_unit_test(let_go),
		cmocka_unit_test(another_was_killed),
		cmocka_unit_test(error_that_was_read),
		cmocka_unit_test(of_a_worker),
		cmocka_unit_test(link_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
