/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the BPF programs tell of an attempt, as an attempt and as its verdict: what it is, and the kernel's schedule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/fuzz/record_rules.h"
#include "tests/unit/random.h"
#include "tests/unit/trace_made.h"

static void whose_it_is(void **test)
{
	char text[ENDPOINT_TEXT_LEN];

	begin()->inode = 99;
	told();
	assert_string_equal(endpoint_format(&a.flow.client, text), "10.0.0.1:40000");
	assert_string_equal(endpoint_format(&a.flow.server, text), "10.0.0.2:443");
	assert_int_equal(a.pid, 812);
	assert_int_equal(a.uid, 1000);
	assert_string_equal(a.comm, "curl");
	assert_int_equal(a.cgroup, 4242);
	assert_int_equal(a.netns, NETNS);
	assert_int_equal(a.cookie, 77);
	assert_int_equal(a.inode, 99);
	assert_true(a.has_isn);
	assert_int_equal(a.isn, 0x12345678);
	assert_int_equal(attempt_start_ns(&a), START);
	assert_false(a.late_found);
	assert_false(a.crossed);
	begin()->cgroup_known = 0;
	r.attempt.flags = WATCH_NO_BEGIN | WATCH_SIMULTANEOUS;
	six();
	told();
	assert_int_equal(a.cgroup, 0);
	assert_true(a.late_found);
	assert_true(a.crossed);
	assert_string_equal(endpoint_format(&a.flow.server, text), "[2001:db8::2]:443");
}

static void policies(void **test)
{
	begin();
	told();
	assert_true(a.has_policy);
	assert_int_equal(a.policy.retries, 5);
	assert_int_equal(a.policy.rto_max_ms, POLICY_RTO_MAX_MS_MAX);
	assert_int_equal(a.policy.rto_first_j, 0);
	assert_int_equal(a.policy.hz, 250);
	assert_true(a.has_phase);
	assert_int_equal(a.phase, JIFFY);
	assert_int_equal(a.phase_edge_ns, MS);
	begin()->syncnt = 3;
	r.attempt.linear = 4;
	r.attempt.user_timeout_ms = 7000;
	r.attempt.rto_max_j = 2500;
	r.attempt.rto_first_j = 50;
	told();
	assert_int_equal(a.policy.syncnt, 3);
	assert_int_equal(a.policy.linear, 4);
	assert_int_equal(a.policy.user_timeout_ms, 7000);
	assert_int_equal(a.policy.rto_max_ms, 10000);
	assert_int_equal(a.policy.rto_first_j, 50);
	/* HZ jiffies are the usual second */
	begin()->rto_first_j = 250;
	told();
	assert_int_equal(a.policy.rto_first_j, 0);
	/* no policy was read; one that cannot be */
	begin()->retries = 0;
	told();
	assert_false(a.has_policy);
	begin()->retries = 200;
	told();
	assert_false(a.has_policy);
}

/* The jiffy is the kernel's word; a tick that came late, or a clock that is a little off, moves no more than its edge.
 */
static void phases(void **test)
{
	begin()->jiffies = JIFFY - 1;
	told();
	assert_int_equal(a.phase, JIFFY - 1);
	assert_int_equal(a.phase_edge_ns, 4 * MS);
	begin()->jiffies = JIFFY + 1;
	told();
	assert_int_equal(a.phase, JIFFY + 1);
	assert_int_equal(a.phase_edge_ns, 0);
	/* jiffies of 64 bits, of which the clock knows the lower */
	begin()->jiffies = ((uint64_t)1 << 32) + JIFFY;
	told();
	assert_int_equal(a.phase_edge_ns, MS);
	begin()->jiffies = 0;
	told();
	assert_false(a.has_phase);
}

static void established(void **test)
{
	begin()->how = WATCH_CONNECTED;
	r.attempt.end_ns = BEGUN + 300 * US;
	told();
	assert_verdict(OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_int_equal(v.elapsed_ns, 300 * US);
	assert_int_equal(a.n_syns, 1);
	assert_int_equal(a.n_replies, 1);
	assert_int_equal(a.replies[0].kind, REPLY_SYN_ACK);
	assert_int_equal(a.replies[0].t_ns, START + 300 * US);
	/* two SYNs were lost before */
	begin()->how = WATCH_CONNECTED;
	sent_again(2);
	r.attempt.retransmits = 0; /* the kernel clears it with the answer */
	r.attempt.end_ns = BEGUN + 3026 * MS;
	told();
	assert_verdict(OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_int_equal(a.n_syns, 3);
	assert_int_equal(a.syn_ns[1], START + 1009 * MS);
	assert_int_equal(a.syn_ns[2], START + 3025 * MS);
	assert_int_equal(v.elapsed_ns, 3026 * MS);
}

static void assert_predicted(void)
{
	bool exact;

	assert_int_equal(verdict_predict_end(&a, &exact), predicted_ns());
	assert_true(exact);
}

static void timed_out(void **test)
{
	begin();
	sent_again(5);
	ended(predicted_ns() + 50 * US, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	assert_int_equal(a.n_syns, 6);
	assert_int_equal(v.error, ETIMEDOUT);
	assert_true(has_evidence("nor an ICMP error that the kernel heeds; others show in packets"));
	assert_predicted();
	assert_int_equal(v.elapsed_ns, predicted_ns() + 50 * US);
	begin()->syncnt = 2;
	sent_again(2);
	ended(predicted_ns() + 50 * US, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	assert_non_null(strstr(v.headline, "TCP_SYNCNT"));
	assert_predicted();
	begin()->user_timeout_ms = 5000;
	sent_again(2);
	ended(predicted_ns() + 50 * US, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_USER_TIMEOUT, CONFIDENCE_CERTAIN);
	assert_predicted();
}

static void pending(void **test)
{
	begin();
	sent_again(2);
	told();
	a.observed_until_ns = START + 4 * S;
	verdict_make(&a, &v);
	assert_int_equal(v.outcome, OUTCOME_PENDING);
	assert_int_equal(v.elapsed_ns, 4 * S);
	assert_int_equal(a.ended_ns, 0);
	assert_int_equal(a.n_syns, 3);
}

/* The kernel's own count tells of SYNs whose events were lost; their times stay unknown. */
static void lost_retransmissions(void **test)
{
	begin();
	sent_again(5);
	r.attempt.n_retrans = 3;
	r.more.retrans_us[1] = r.more.retrans_us[3] = 0;
	ended(predicted_ns() + 50 * US, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_int_equal(a.n_syns, 6);
	assert_int_equal(a.syn_ns[1], START + 1009 * MS);
	assert_int_equal(a.syn_ns[2], 0);
	assert_int_equal(a.syn_ns[3], START + 7089 * MS);
	assert_int_equal(a.syn_ns[4], 0);
	assert_int_equal(a.syn_ns[5], START + 31409 * MS);
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	/* all of them were lost, and with them the second part */
	r.attempt.n_retrans = r.attempt.has_more = 0;
	told();
	assert_int_equal(a.n_syns, 6);
	assert_int_equal(a.syn_ns[1], 0);
	assert_int_equal(v.outcome, OUTCOME_TIMED_OUT);
	/* more than have room for their time */
	begin()->retries = 127;
	r.attempt.n_sent = r.attempt.n_retrans = r.attempt.retransmits = 100;
	r.attempt.has_more = 1;
	memset(&r.more, 1, sizeof(r.more));
	told();
	assert_int_equal(a.n_syns, 101);
	assert_int_not_equal(a.syn_ns[WATCH_SYNS_MAX], 0);
	assert_int_equal(a.syn_ns[WATCH_SYNS_MAX + 1], 0);
}

static void answered(uint32_t after_us)
{
	r.more.has_answered = 1;
	r.more.answered_us = after_us;
	told();
}

/* The SYN-ACK's timestamp is that of the SYN that it answers; retrans_us is a little later, and in us. */
static void answered_late(void **test)
{
	begin();
	sent_again(3);
	r.attempt.how = WATCH_CONNECTED;
	r.attempt.end_ns = BEGUN + 7300 * MS;
	told();
	assert_false(a.has_answered);
	assert_true(strstr(v.headline, "which of them was answered is not known"));
	answered(0);
	assert_int_equal(attempt_answered_syn(&a), 0);
	assert_string_equal(v.headline, "connected after 4 SYNs, in 7.300 s; SYN 0 had reached the server");
	answered(1008000);
	assert_int_equal(attempt_answered_syn(&a), 1);
	assert_true(has_evidence("SYN 0 got no usable answer"));
	/* a clock in ms may have come one further than one in us */
	answered(3026000);
	assert_int_equal(attempt_answered_syn(&a), 2);
	assert_true(has_evidence("SYNs 0 and 1 got no usable answer"));
	answered(7089000);
	assert_int_equal(attempt_answered_syn(&a), 3);
	assert_string_equal(v.headline, "connected on SYN 3 after 7.300 s; SYNs 0 to 2 got no usable answer");
	answered(7300000);
	assert_int_equal(attempt_answered_syn(&a), -1);
	/* when SYN 2 left is not known: it may be that one */
	r.more.retrans_us[1] = 0;
	answered(7089000);
	assert_int_equal(attempt_answered_syn(&a), -1);
	answered(1008000);
	assert_int_equal(attempt_answered_syn(&a), 1);
}

static void crossed(void **test)
{
	begin();
	r.attempt.flags |= WATCH_SIMULTANEOUS;
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	assert_int_equal(a.n_syns, 1);
	assert_true(strstr(v.headline, "gave up in SYN-RECEIVED"));
	assert_true(has_evidence("did not acknowledge this one"));
	assert_false(has_evidence("the instant predicted"));
	sent_again(1);
	r.attempt.how = WATCH_CONNECTED;
	told();
	assert_true(strstr(v.headline, "by a simultaneous open"));
}

static void limits_that_changed(void **test)
{
	begin();
	sent_again(2);
	r.more.before = (struct watch_limits){ .retries = 6, .linear = 4, .rto_max_j = 2500 };
	ended(5 * S, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	assert_true(has_evidence("its limits changed while it waited (tcp_syn_retries 6 to 5, tcp_syn_linear_timeouts "
				 "4 to 0, the longest RTO 10000 to 120000 ms)"));
	assert_false(has_evidence("the instant predicted at SYN 0,"));
	ended(5 * S, WATCH_PROGRAM, 0);
	told();
	assert_true(has_evidence("its limits changed while it waited"));
	assert_false(has_evidence("gone on until"));
	/* a user timeout that was set when the last wait had begun, which it did not cut */
	begin();
	sent_again(2);
	r.attempt.syncnt = 2;
	r.attempt.user_timeout_ms = 100;
	r.more.before = (struct watch_limits){ .retries = 5, .syncnt = 2 };
	ended(7100 * MS, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	assert_non_null(strstr(v.headline, "(TCP_SYNCNT)"));
	/* and one that cut it */
	ended(5 * S, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_USER_TIMEOUT, CONFIDENCE_CERTAIN);
}

/* A queue of this host that takes no SYN makes the kernel come again after 0.5 s: that explains an early end. */
static void queue_refuses(void **test)
{
	begin();
	r.attempt.retries = 2;
	sent_again(2);
	r.more.retrans_us[1] = 1517000;
	ended(2033 * MS, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	assert_true(has_evidence("0.5 s after SYN 1 the kernel tried again"));
	assert_false(has_evidence("the instant predicted at SYN 0"));
	/* what no tracepoint told of may have a limit of its own, but not where its options are known */
	a.traced = false;
	verdict_make(&a, &v);
	assert_int_equal(v.limit, LIMIT_USER_TIMEOUT);
	a.options_known = true;
	verdict_make(&a, &v);
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	/* a wait of another length */
	r.more.retrans_us[1] = 3025000;
	told();
	assert_false(has_evidence("the kernel tried again"));
	assert_true(has_evidence("before the instant predicted at SYN 0"));
}

/* SYNs that this host drops are sent again sooner than the schedule has it, and are through before the time is. */
static void count_before_user_timeout(void **test)
{
	begin();
	sent_again(5);
	r.attempt.user_timeout_ms = 20000;
	ended(3500 * MS, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	ended(20 * S, WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_verdict(OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_USER_TIMEOUT, CONFIDENCE_CERTAIN);
}

static void segments_that_did_not_count(void **test)
{
	begin();
	sent_again(5);
	r.attempt.segs_in = 2;
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_true(has_evidence("2 segments reached the socket, and none answered the SYN (6 SYNs)"));
	assert_false(has_evidence("an ICMP error that the kernel heeds"));
}

/* An ACK of a connection that the server still has makes the kernel send its SYN again. */
static void other_segments(void **test)
{
	begin()->how = WATCH_CONNECTED;
	sent_again(1);
	r.attempt.end_ns = BEGUN + 1010 * MS;
	r.attempt.segs_in = 1;
	told();
	assert_false(has_evidence("other segment"));
	r.attempt.segs_in = 2;
	told();
	assert_int_equal(v.outcome, OUTCOME_ESTABLISHED);
	assert_true(has_evidence("1 other segment reached the socket, and did not answer the SYN"));
	assert_non_null(strstr(v.advice, "old connection"));
	/* the SYN of the other side */
	r.attempt.flags |= WATCH_SIMULTANEOUS;
	told();
	assert_false(has_evidence("other segment"));
}

/* Bytes of any kind: nothing overruns, nothing of one record is left in the next. */
static void whatever_comes(void **test)
{
	static struct attempt used;
	uint64_t state = 0x5eed;
	unsigned char *bytes = (unsigned char *)&r;
	size_t i;
	int n;

	for (n = 0; n < 5000; n++) {
		bool whole = random_below(&state, 2);

		begin();
		for (i = 0; i < sizeof(r); i++)
			if (n % 2 || random_once_in(&state, 20))
				bytes[i] = (unsigned char)random_u64(&state);
		r.attempt.how = (uint8_t)(n % 3 ? random_below(&state, WATCH_NOT_BEGUN + 1) : r.attempt.how);
		record_check(&r, whole, &used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_it_is),
		cmocka_unit_test(policies),
		cmocka_unit_test(phases),
		cmocka_unit_test(established),
		cmocka_unit_test(timed_out),
		cmocka_unit_test(pending),
		cmocka_unit_test(segments_that_did_not_count),
		cmocka_unit_test(other_segments),
		cmocka_unit_test(lost_retransmissions),
		cmocka_unit_test(answered_late),
		cmocka_unit_test(crossed),
		cmocka_unit_test(limits_that_changed),
		cmocka_unit_test(queue_refuses),
		cmocka_unit_test(count_before_user_timeout),
		cmocka_unit_test(whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
