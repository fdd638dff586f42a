/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts that an error ended, or did not: RST, ICMP, no neighbour, no route. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/trace_made.h"

static void refused(void **test)
{
	begin()->reset_ns = BEGUN + 200 * US;
	ended(210 * US, WATCH_KERNEL, ECONNREFUSED);
	told();
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_int_equal(v.error, ECONNREFUSED);
	assert_int_equal(a.n_replies, 1);
	assert_int_equal(a.replies[0].kind, REPLY_RST);
	assert_int_equal(a.replies[0].t_ns, START + 200 * US);
	/* by an ICMP port unreachable, of a firewall */
	begin()->icmp_origin = SO_EE_ORIGIN_ICMP;
	r.attempt.icmp_type = r.attempt.icmp_code = 3;
	r.attempt.icmp_has_from = 1;
	r.attempt.icmp_from = (struct watch_addr){ { 10, 0, 0, 254 } };
	ended(2 * MS, WATCH_KERNEL, ECONNREFUSED);
	told();
	assert_int_equal(v.outcome, OUTCOME_REFUSED);
	assert_int_equal(a.n_replies, 1);
	assert_int_equal(a.replies[0].kind, REPLY_ICMP);
	assert_int_equal(a.replies[0].from.b[3], 254);
}

static void unreachable(void **test)
{
	begin();
	icmp(SO_EE_ORIGIN_ICMP, 3, 1);
	ended(3 * MS, WATCH_KERNEL, EHOSTUNREACH);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_int_equal(a.replies[0].icmp_family, 4);
	/* IPv6 */
	begin();
	six();
	icmp(SO_EE_ORIGIN_ICMP6, 1, 1);
	ended(3 * MS, WATCH_KERNEL, EACCES);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_int_equal(a.replies[0].icmp_family, 6);
	assert_int_equal(a.replies[0].from.b[15], 9);
	/* ... which keeps the ICMP from those who did not ask */
	begin();
	six();
	ended(3 * MS, WATCH_KERNEL, ENETUNREACH);
	r.attempt.timer = WATCH_TIMER_WAITED;
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_int_equal(a.n_replies, 0);
	/* this one this host, too, sends: the event of the drop that goes with it may be lost */
	begin();
	six();
	ended(3 * MS, WATCH_KERNEL, EHOSTUNREACH);
	r.attempt.timer = WATCH_TIMER_WAITED;
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_LIKELY);
	/* what came by the queue is no ICMP (SO_EE_ORIGIN_LOCAL: of this host) */
	begin();
	icmp(SO_EE_ORIGIN_LOCAL, 3, 1);
	ended(3 * MS, WATCH_KERNEL, EHOSTUNREACH);
	told();
	assert_int_equal(a.n_replies, 0);
}

/* The ICMP that this host sends to itself is no word of the network. */
static void no_neighbour(void **test)
{
	struct watch_drop *d;

	begin();
	dropped(NEIGH_FAILED, 1)->output = 1;
	ended(3100 * MS, WATCH_KERNEL, EHOSTUNREACH);
	r.more.drops[0].last_ns = r.attempt.end_ns;
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_true(has_evidence("NEIGH_FAILED"));
	/* IPv6 gives no reason; and when the packet is freed, the socket may be closed: it is not "output" then */
	begin();
	six();
	d = dropped(0, 1);
	d->location = NEIGHBOUR;
	ended(3100 * MS, WATCH_KERNEL, EHOSTUNREACH);
	r.attempt.timer = WATCH_TIMER_WAITED;
	d->last_ns = r.attempt.end_ns + 20 * US;
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	/* long before the end: that did not end it */
	d->last_ns = BEGUN + 10 * US;
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_LIKELY);
	/* that event may be lost: the neighbour table knows of it as well */
	addr_parse("fd80::9", &a.silent_hop);
	strcpy(a.silent_device, "eth0");
	verdict_make(&a, &v);
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_true(has_evidence("fd80::9 on eth0 does not answer"));
	/* of a router that is another namespace of this host */
	d->last_ns = r.attempt.end_ns;
	d->netns = OTHER_NETNS;
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_LIKELY);
	/* another address of this host's sends it for one that is not the first of its subnet */
	begin();
	icmp(SO_EE_ORIGIN_ICMP, 3, 1);
	r.attempt.icmp_own = 1;
	ended(3100 * MS, WATCH_KERNEL, EHOSTUNREACH);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_non_null(strstr(v.headline, "no neighbour"));
	/* a rule of this host that rejects sends the same */
	dropped(NETFILTER_DROP, 1)->output = 1;
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_CERTAIN);
}

/* What comes of a neighbour that does not answer fires the timer, and no retransmission is left. */
static void no_neighbour_and_no_time(void **test)
{
	begin();
	sent_again(5);
	r.attempt.n_sent = r.attempt.n_retrans = 4;
	r.attempt.timer = WATCH_TIMER_FIRED;
	dropped(NEIGH_FAILED, 1)->output = 1;
	ended(34 * S, WATCH_KERNEL, ETIMEDOUT);
	r.more.drops[0].last_ns = r.attempt.end_ns - 20 * US;
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	assert_int_equal(v.error, ETIMEDOUT);
	assert_non_null(strstr(v.headline, "no neighbour answered"));
	assert_true(has_evidence("no retransmission was left"));
	/* at the end of the schedule it would have ended anyway */
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	r.more.drops[0].last_ns = r.attempt.end_ns - 20 * US;
	told();
	assert_null(strstr(v.headline, "neighbour"));
	/* one that failed long before */
	ended(34 * S, WATCH_KERNEL, ETIMEDOUT);
	r.more.drops[0].last_ns = r.attempt.end_ns - 100 * MS;
	told();
	assert_null(strstr(v.headline, "neighbour"));
}

/* An ICMP that came while it waited ended nothing. */
static void soft_errors(void **test)
{
	begin();
	sent_again(5);
	icmp(SO_EE_ORIGIN_ICMP, 3, 1);
	r.attempt.soft_ns = BEGUN + 2 * MS;
	r.attempt.soft_error = EHOSTUNREACH;
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_int_equal(v.outcome, OUTCOME_TIMED_OUT);
	assert_int_equal(v.gave_up_by, GAVE_UP_KERNEL);
	assert_int_equal(a.soft_error, EHOSTUNREACH);
	assert_int_equal(a.n_replies, 1);
	assert_int_equal(a.replies[0].t_ns, START + 2 * MS);
	/* a second one, after it, did: both are told, in their order */
	begin();
	sent_again(1);
	icmp(SO_EE_ORIGIN_ICMP, 3, 13);
	r.attempt.soft_ns = BEGUN + 2 * MS;
	r.attempt.soft_error = EHOSTUNREACH;
	ended(1010 * MS, WATCH_KERNEL, EHOSTUNREACH);
	told();
	assert_int_equal(v.outcome, OUTCOME_UNREACHABLE);
	assert_int_equal(a.n_replies, 2);
	assert_int_equal(a.replies[1].t_ns, START + 1010 * MS);
	/* the one that ended it was noted just before: it is one */
	r.attempt.soft_ns = BEGUN + 1010 * MS - 20 * US;
	told();
	assert_int_equal(a.n_replies, 1);
}

/* Polling shows an ICMP that is soft; a program that did not ask what it is closed the socket for another reason. */
static void soft_error_is_told(void **test)
{
	begin();
	icmp(SO_EE_ORIGIN_ICMP, 3, 1);
	r.attempt.soft_ns = BEGUN + 2 * MS;
	r.attempt.soft_error = EHOSTUNREACH;
	ended(3 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_CERTAIN);
	ended(300 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_SOFT_ERROR, CONFIDENCE_LIKELY);
	/* asked after another SYN, too */
	sent_again(1);
	ended(1500 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_SOFT_ERROR, CONFIDENCE_LIKELY);
	r.attempt.flags |= WATCH_SOFT_LEFT;
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_CERTAIN);
	begin();
	icmp(SO_EE_ORIGIN_ICMP, 3, 1);
	r.attempt.soft_ns = BEGUN + 2 * MS;
	r.attempt.soft_error = EHOSTUNREACH;
	r.attempt.flags |= WATCH_SOFT_LEFT;
	ended(300 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_LIKELY);
	/* polling shows that something came, and some close at once without asking what */
	ended(3 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_LIKELY);
	/* when it came is not known, as of one that waited before the observation */
	r.attempt.soft_ns = 0;
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_LIKELY);
	r.attempt.flags &= ~WATCH_SOFT_LEFT;
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_LIKELY);
	/* who is killed while it waits did not mind */
	r.attempt.soft_ns = BEGUN + 2 * MS;
	r.attempt.exiting = 1;
	r.attempt.exit_code = 9;
	told();
	assert_int_equal(v.outcome, OUTCOME_KILLED);
	assert_int_equal(v.gave_up_by, GAVE_UP_SIGNAL);
}

/* IPv6 shows it to programs that have asked for that (IPV6_RECVERR): they alone have it in their error queue. */
static void soft_error_of_ipv6_is_told(void **test)
{
	begin();
	six();
	icmp(SO_EE_ORIGIN_ICMP6, 1, 1);
	r.attempt.soft_ns = BEGUN + 2 * MS;
	ended(3 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_int_equal(v.error, EACCES);
	assert_true(has_evidence("the program asked for it"));
	/* who did not ask what it is closed the socket for another reason */
	r.attempt.soft_error = EACCES;
	r.attempt.flags |= WATCH_SOFT_LEFT;
	ended(300 * MS, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_LIKELY);
	assert_false(has_evidence("polling does not show it"));
}

/* What the socket has noted ends nothing, but is the error at the schedule's end; IPv6 tells of no ICMP by its queue.
 */
static void soft_errors_without_icmp(void **test)
{
	int family;

	for (family = 4; family <= 6; family += 2) {
		begin();
		if (family == 6)
			six();
		sent_again(5);
		r.attempt.soft_error = EHOSTUNREACH;
		r.attempt.timer = WATCH_TIMER_FIRED;
		ended(predicted_ns(), WATCH_KERNEL, EHOSTUNREACH);
		told();
		assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_SOFT_ERROR, CONFIDENCE_CERTAIN);
		/* the event of the end was lost, and with it whether the timer had fired */
		r.attempt.timer = 0;
		told();
		assert_int_not_equal(v.confidence, CONFIDENCE_CERTAIN);
	}
	/* a program is told of IPv4's when it polls; not by MPTCP, which keeps it */
	begin();
	icmp(SO_EE_ORIGIN_ICMP, 3, 13);
	r.attempt.soft_ns = BEGUN + 20 * US;
	r.attempt.soft_error = EHOSTUNREACH;
	ended(10 * MS, WATCH_PROGRAM, 0);
	told();
	assert_int_equal(v.gave_up_by, GAVE_UP_NETWORK);
	r.attempt.flags |= WATCH_MPTCP;
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_CERTAIN);
	/* the program went on, and gave up by itself */
	begin();
	six();
	r.attempt.soft_error = EACCES;
	ended(2 * S, WATCH_PROGRAM, 0);
	told();
	assert_verdict(OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_CERTAIN);
	assert_true(has_evidence("had noted EACCES"));
	assert_false(has_evidence("reached the socket"));
	/* nothing is known to have come; not, that nothing came */
	r.attempt.soft_error = 0;
	told();
	assert_true(has_evidence("no SYN-ACK or RST reached the socket"));
	assert_true(has_evidence(
		"holds no ICMPv6 error; had the program read one with SO_ERROR, it would not be there any more"));
	assert_false(has_evidence("an ICMP error that the kernel heeds"));
	/* neither a RST nor an ICMP was told of: whose word it was is not known */
	begin();
	six();
	ended(2 * MS, WATCH_KERNEL, ECONNREFUSED);
	told();
	assert_int_equal(v.outcome, OUTCOME_REFUSED);
	assert_int_equal(v.confidence, CONFIDENCE_LIKELY);
}

/* The timer fired for SYNs that found no route, and were not sent. */
static void unsent(void **test)
{
	begin();
	sent_again(5);
	r.attempt.n_retrans = 0;
	r.attempt.n_sent = 0;
	r.attempt.timer = WATCH_TIMER_FIRED;
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT); /* one before was in a queue still */
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	assert_string_equal(v.headline,
			    "the kernel gave up, its 5 retransmissions unanswered or not sent (tcp_syn_retries)");
	ended(predicted_ns(), WATCH_KERNEL, ENETUNREACH);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_SOFT_ERROR, CONFIDENCE_CERTAIN);
	assert_int_equal(a.n_syns, 1);
	assert_int_equal(a.retransmits, 5);
	/* a route of type blackhole, or a policy of IPsec */
	ended(predicted_ns(), WATCH_KERNEL, EINVAL);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_SOFT_ERROR, CONFIDENCE_CERTAIN);
	ended(predicted_ns(), WATCH_KERNEL, EPERM);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_SOFT_ERROR, CONFIDENCE_CERTAIN);
}

/* SYNs had crossed, and the RST came in SYN-RECEIVED. */
static void reset_in_syn_received(void **test)
{
	begin();
	r.attempt.flags |= WATCH_SIMULTANEOUS;
	r.attempt.reset_ns = BEGUN + 3 * MS;
	ended(3 * MS, WATCH_KERNEL, ECONNRESET);
	told();
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_int_equal(v.error, ECONNRESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(unreachable),
		cmocka_unit_test(no_neighbour),
		cmocka_unit_test(soft_errors),
		cmocka_unit_test(soft_error_is_told),
		cmocka_unit_test(soft_error_of_ipv6_is_told),
		cmocka_unit_test(soft_errors_without_icmp),
		cmocka_unit_test(unsent),
		cmocka_unit_test(reset_in_syn_received),
		cmocka_unit_test(no_neighbour_and_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
