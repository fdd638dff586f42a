/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/watch_inbound_verdict.h"

static const struct drop by_rule = { .reason = "NETFILTER_DROP" }, other = { .reason = "IP_RPFILTER" },
			 named = { .reason = "TC_INGRESS", .rule = "tc program 7" },
			 answer = { .reason = "NETFILTER_DROP", .function = "nft_do_chain", .reply = true };

struct sight {
	enum reply_kind answer;
	int n_synacks;
	struct watch_inbound_known known;
	enum confidence confidence;
	enum gave_up_by gave_up_by;
	int n_evidence;
	const char *headline;
};

/* What is not known is not asserted, and not certain. */
static void says(void **test)
{
	static const struct sight sights[] = {
		{ REPLY_RST,
		  0,
		  { true, &by_rule, false },
		  CONFIDENCE_CERTAIN,
		  GAVE_UP_PEER,
		  0,
		  "refused with an RST, by a rule" },
		{ REPLY_RST,
		  0,
		  { true, &by_rule, true },
		  CONFIDENCE_CERTAIN,
		  GAVE_UP_PEER,
		  0,
		  "refused with an RST, by a rule" },
		{ REPLY_RST,
		  0,
		  { true, &named, false },
		  CONFIDENCE_CERTAIN,
		  GAVE_UP_PEER,
		  0,
		  "refused with an RST, by a rule" },
		{ REPLY_RST,
		  0,
		  { true, NULL, true },
		  CONFIDENCE_CERTAIN,
		  GAVE_UP_PEER,
		  2,
		  "refused with an RST: nothing listens there" },
		{ REPLY_RST,
		  0,
		  { false, NULL, true },
		  CONFIDENCE_LIKELY,
		  GAVE_UP_PEER,
		  2,
		  "refused with an RST: nothing listens there" },
		/* a kernel that does not tell of all drops, but of rules' */
		{ REPLY_RST,
		  0,
		  { false, NULL, true, true },
		  CONFIDENCE_CERTAIN,
		  GAVE_UP_PEER,
		  2,
		  "refused with an RST: nothing listens there" },
		{ REPLY_NONE,
		  0,
		  { false, NULL, false, true },
		  CONFIDENCE_UNKNOWN,
		  GAVE_UP_UNKNOWN,
		  0,
		  "ignored, and no rule was seen that dropped it: a full queue of the listener, no way back, or another "
		  "drop" },
		{ REPLY_RST,
		  0,
		  { true, NULL, false },
		  CONFIDENCE_LIKELY,
		  GAVE_UP_PEER,
		  1,
		  "refused with an RST: nothing listens there, or a rule rejects it" },
		{ REPLY_RST,
		  0,
		  { true, &other, false },
		  CONFIDENCE_LIKELY,
		  GAVE_UP_PEER,
		  1,
		  "refused with an RST: nothing listens there, or a rule rejects it" },
		{ REPLY_ICMP,
		  0,
		  { true, &by_rule, false },
		  CONFIDENCE_CERTAIN,
		  GAVE_UP_PEER,
		  0,
		  "refused with an ICMP, by a rule" },
		{ REPLY_ICMP,
		  0,
		  { true, NULL, true },
		  CONFIDENCE_LIKELY,
		  GAVE_UP_PEER,
		  1,
		  "refused with an ICMP: a rule or a route rejects it" },
		{ REPLY_NONE, 0, { true, &by_rule, false }, CONFIDENCE_UNKNOWN, GAVE_UP_UNKNOWN, 0, "ignored" },
		{ REPLY_NONE,
		  0,
		  { true, &answer, false },
		  CONFIDENCE_UNKNOWN,
		  GAVE_UP_UNKNOWN,
		  0,
		  "its answer was lost" },
		{ REPLY_NONE,
		  0,
		  { true, NULL, false },
		  CONFIDENCE_UNKNOWN,
		  GAVE_UP_UNKNOWN,
		  0,
		  "ignored, and no drop was seen: a full queue of the listener, or no way back" },
		{ REPLY_NONE,
		  0,
		  { false, NULL, false },
		  CONFIDENCE_UNKNOWN,
		  GAVE_UP_UNKNOWN,
		  0,
		  "ignored: by a rule, for a full queue of the listener, or for want of a way back" },
		{ REPLY_SYN_ACK,
		  3,
		  { true, NULL, false },
		  CONFIDENCE_UNKNOWN,
		  GAVE_UP_UNKNOWN,
		  0,
		  "its SYN-ACK was sent 3 times: no ACK came in time, or none with data (TCP_DEFER_ACCEPT)" },
	};
	static const struct attempt a = { .flow = { .client = { { 4, { 10, 0, 0, 1 } }, 40000 },
						    .server = { { 4, { 10, 0, 0, 2 } }, 81 } } };
	struct verdict v;
	size_t i;

	for (i = 0; i < sizeof(sights) / sizeof(sights[0]); i++) {
		const struct sight *s = &sights[i];
		const struct digest d = { .answer = s->answer, .n_syns = 1, .n_synacks = s->n_synacks };

		watch_inbound_verdict(&a, &d, &s->known, &v);
		assert_string_equal(v.headline, s->headline);
		assert_int_equal(v.confidence, s->confidence);
		assert_int_equal(v.gave_up_by, s->gave_up_by);
		assert_int_equal(v.n_evidence, s->n_evidence);
	}
}

/* What the server can change is its own affair. */
static void full_queue(void **test)
{
	static const struct drop syns = { .place = DROP_PEER_BACKLOG, .reason = "SYN queue full" },
				 accepted = { .place = DROP_PEER_BACKLOG, .reason = "accept queue full" };
	static const struct attempt a = { 0 };
	const struct digest d = { .answer = REPLY_NONE, .n_syns = 1 };
	struct watch_inbound_known known = { .sees_drops = true, .drop = &syns };
	struct verdict v;

	watch_inbound_verdict(&a, &d, &known, &v);
	assert_string_equal(v.headline, "ignored");
	assert_non_null(strstr(v.advice, "sysctl net.ipv4.tcp_syncookies=1"));
	known.drop = &accepted;
	watch_inbound_verdict(&a, &d, &known, &v);
	assert_string_equal(v.headline, "ignored");
	assert_non_null(strstr(v.advice, "let it accept faster"));
	known.drop = &by_rule;
	watch_inbound_verdict(&a, &d, &known, &v);
	assert_string_equal(v.advice, "");
}

/* A rule dropped SYN 0, by its limit, and TCP itself refuses SYN 1. */
static void dropped_before(void **test)
{
	struct drop dropped = { .reason = "NETFILTER_DROP", .packets = 1, .last_ns = 5000000000 };
	const struct watch_inbound_known known = { true, &dropped, true };
	const struct digest d = { .answer = REPLY_RST, .n_syns = 2 };
	struct attempt a = { .n_syns = 2, .syn_ns = { 5000000000, 6000000000 }, .n_replies = 1 };
	struct verdict v;

	a.replies[0] = (struct reply){ .kind = REPLY_RST, .t_ns = 6000010000 };
	watch_inbound_verdict(&a, &d, &known, &v);
	assert_string_equal(v.headline, "refused with an RST: nothing listens there");
	assert_string_equal(v.evidence[1], "the rule that dropped a SYN of it did so at another time");
	/* or it is that one which the rule refuses */
	dropped.last_ns = 6000020000;
	watch_inbound_verdict(&a, &d, &known, &v);
	assert_string_equal(v.headline, "refused with an RST, by a rule");
	assert_int_equal(v.confidence, CONFIDENCE_CERTAIN);
}

/* What was asked of the kernel is among the evidence. */
static void shows_whom_it_asked(void **test)
{
	static const struct attempt a = { .flow.server = { { 4, { 10, 0, 0, 2 } }, 81 } };
	static const struct digest d = { .answer = REPLY_RST, .n_syns = 1 };
	static const struct watch_inbound_known known = { .sees_drops = true, .nobody_listens = true };
	struct verdict v;

	watch_inbound_verdict(&a, &d, &known, &v);
	assert_string_equal(v.evidence[0],
			    "sock_diag: no listener for 10.0.0.2:81 in the network namespace that it came to");
	assert_string_equal(v.evidence[1], "no rule was seen that dropped its SYN");
}

/* No ACK came to its SYN-ACKs: it lasted until the last of them, not until the first. */
static void lasts_until_the_last(void **test)
{
	static const struct attempt a = { .n_syns = 1,
					  .syn_ns = { 1000 },
					  .n_replies = 2,
					  .replies = { { .kind = REPLY_SYN_ACK, .t_ns = 1020 },
						       { .kind = REPLY_SYN_ACK, .t_ns = 5000 } } };
	static const struct digest d = { .answer = REPLY_SYN_ACK, .n_syns = 1, .n_synacks = 2 };
	static const struct watch_inbound_known known = { .sees_drops = true };
	struct verdict v;

	watch_inbound_verdict(&a, &d, &known, &v);
	assert_int_equal(v.outcome, OUTCOME_UNANSWERED);
	assert_int_equal(v.elapsed_ns, 4000);
}

/* SYNPROXY asks the server in the client's name, and the server's SYN-ACK comes by this host, too. */
static void at_once(void **test)
{
	struct attempt a = { .n_syns = 2,
			     .syn_ns = { 1000000000, 1000300000 },
			     .n_replies = 2,
			     .replies = { { .kind = REPLY_SYN_ACK, .t_ns = 1000100000 },
					  { .kind = REPLY_SYN_ACK, .t_ns = 1000400000 } } };
	struct digest d = { .answer = REPLY_SYN_ACK, .n_syns = 2, .n_synacks = 2 };

	assert_true(watch_inbound_at_once(&a, &d));
	/* the client sends its SYN again */
	a.syn_ns[1] = 2000000000;
	assert_false(watch_inbound_at_once(&a, &d));
	/* the server its SYN-ACK */
	a.n_syns = d.n_syns = 1;
	a.replies[1].t_ns = 2000000000;
	assert_false(watch_inbound_at_once(&a, &d));
	a.n_replies = d.n_synacks = 1;
	assert_true(watch_inbound_at_once(&a, &d));
	a.replies[0].t_ns = 1600000000;
	assert_false(watch_inbound_at_once(&a, &d));
	d.answer = REPLY_RST;
	assert_false(watch_inbound_at_once(&a, &d));
}

/* Of a SYN that was answered, one that came again is no drop; a rule's is. */
static void repeated_is_no_drop(void **test)
{
	static const struct digest answered = { .answer = REPLY_SYN_ACK, .n_syns = 2, .n_synacks = 2 },
				   ignored = { .answer = REPLY_NONE, .n_syns = 2 };
	static const struct drop again = { .reason = "NOT_SPECIFIED", .function = "tcp_v4_rcv" },
				 again6 = { .reason = "NOT_SPECIFIED", .function = "tcp_v6_rcv" };

	assert_true(watch_inbound_repeated(&answered, &again));
	assert_true(watch_inbound_repeated(&answered, &again6));
	assert_false(watch_inbound_repeated(&answered, &by_rule));
	assert_false(watch_inbound_repeated(&ignored, &again));
}

/* Nor is a SYN-ACK that came again to its client; and who was refused got an answer, whatever was dropped besides. */
static void lost_answer(void **test)
{
	static const struct digest answered = { .answer = REPLY_SYN_ACK, .n_syns = 2, .n_synacks = 2 },
				   ignored = { .answer = REPLY_NONE, .n_syns = 2 },
				   refused = { .answer = REPLY_RST, .n_syns = 1 };
	static const struct drop again = { .reason = "TCP_INVALID_SYN",
					   .function = "tcp_rcv_established",
					   .reply = true };

	assert_true(watch_inbound_answer_is_lost(&answered, &answer));
	assert_true(watch_inbound_answer_is_lost(&ignored, &answer));
	assert_false(watch_inbound_answer_is_lost(&refused, &answer));
	assert_false(watch_inbound_answer_is_lost(&answered, &again));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(says),
					    cmocka_unit_test(full_queue),
					    cmocka_unit_test(dropped_before),
					    cmocka_unit_test(shows_whom_it_asked),
					    cmocka_unit_test(lasts_until_the_last),
					    cmocka_unit_test(at_once),
					    cmocka_unit_test(repeated_is_no_drop),
					    cmocka_unit_test(lost_answer) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
