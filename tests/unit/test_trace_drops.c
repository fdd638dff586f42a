/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts whose packets were dropped, and what rules did to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/trace_made.h"

/* This host's own firewall, on the way out: its ICMP comes from the client's own address. */
static void rejected_by_own_rule(void **test)
{
	begin();
	dropped(NETFILTER_DROP, 1)->output = 1;
	icmp(SO_EE_ORIGIN_ICMP, 3, 3);
	r.attempt.icmp_from = r.attempt.flow.client;
	r.attempt.soft_ns = BEGUN + MS;
	ended(2 * MS, WATCH_KERNEL, ECONNREFUSED);
	told();
	assert_int_equal(v.gave_up_by, GAVE_UP_NETWORK);
	assert_string_equal(v.headline, "a rule of this host rejected it with icmp 3/3");
	begin();
	six();
	dropped(NETFILTER_DROP, 1)->output = 1;
	ended(2 * MS, WATCH_KERNEL, ECONNREFUSED);
	told();
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_string_equal(v.headline, "a rule of this host rejected it with an ICMP error");
	ended(2 * MS, WATCH_KERNEL, EACCES);
	told();
	assert_verdict(OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_string_equal(v.headline, "a rule of this host rejected it with an ICMP error");
}

/* The RST of a rule that dropped the SYN says that it is the server's. */
static void reset_by_rule(void **test)
{
	/* a router, or the server itself, in another namespace */
	begin();
	dropped(NETFILTER_DROP, 1)->netns = OTHER_NETNS;
	r.attempt.reset_ns = BEGUN + 200 * US;
	ended(210 * US, WATCH_KERNEL, ECONNREFUSED);
	told();
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_string_equal(v.headline,
			    "a rule in another network namespace of this host refused it with an RST, likely");
	assert_true(has_evidence("every SYN"));
	/* all that was lost there is not all that was sent, and the RST came later */
	begin();
	sent_again(1);
	dropped(NETFILTER_DROP, 1)->last_ns = BEGUN + 10 * US;
	r.more.drops[0].netns = OTHER_NETNS;
	r.attempt.reset_ns = BEGUN + 1010 * MS;
	ended(1011 * MS, WATCH_KERNEL, ECONNREFUSED);
	told();
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_CERTAIN);
	/* a rule of this host that came later than SYN 0, which was lost elsewhere */
	dropped(NETFILTER_DROP, 1)->last_ns = r.attempt.reset_ns - 20 * US;
	r.more.drops[1].output = 1;
	told();
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_string_equal(v.headline, "a rule of this host refused it with an RST, likely");
	assert_true(has_evidence("a SYN when the RST came"));
	/* what no rule dropped was not rejected */
	r.more.drops[1].reason = NOT_SPECIFIED;
	told();
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_CERTAIN);
}

static void redirected(void **test)
{
	static const struct watch_addr here = { { 127, 0, 0, 1 } };
	struct watch_drop *d;

	begin();
	d = dropped(NO_SOCKET, 1);
	d->to = here;
	d->to_port = 8080;
	r.attempt.reset_ns = BEGUN + 20 * US;
	ended(30 * US, WATCH_KERNEL, ECONNREFUSED);
	told();
	assert_int_equal(a.drops[0].place, DROP_LOCAL_INPUT);
	assert_int_equal(a.drops[0].sent_to.port, 8080);
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_NETWORK, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_string_equal(v.headline, "a NAT rule of this host sent it to 127.0.0.1:8080, where nobody listens");
	/* at the server's end it is the peer that refused */
	d->netns = OTHER_NETNS;
	told();
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_non_null(
		strstr(v.headline, "in another network namespace of this host a NAT rule sent it to 127.0.0.1:8080"));
	/* a rule dropped it there, which says nothing of who refused */
	d->reason = NOT_SPECIFIED;
	told();
	assert_string_equal(v.headline, "an RST answered SYN 0: the peer refused");
}

static void sent_on(void **test)
{
	static const struct watch_addr there = { { 192, 0, 2, 9 } };

	begin();
	r.attempt.has_more = 1;
	r.more.nat.as = (struct watch_flow){ .server = there, .server_port = 8080, .family = 4 };
	r.more.nat.netns = r.attempt.netns;
	r.attempt.reset_ns = BEGUN + 20 * US;
	ended(30 * US, WATCH_KERNEL, ECONNREFUSED);
	told();
	assert_int_equal(a.sent_to.port, 8080);
	assert_int_equal(a.sent_by_netns, 0);
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_CERTAIN);
	assert_string_equal(v.headline,
			    "an RST answered SYN 0: 192.0.2.9:8080 refused, where a NAT rule of this host had sent it");
	assert_non_null(strstr(v.advice, "what should listen on 192.0.2.9:8080"));
	assert_non_null(strstr(v.evidence[v.n_evidence - 1], "by conntrack a NAT rule of this host had sent it to "));
	r.more.nat.netns = OTHER_NETNS;
	told();
	assert_int_equal(a.sent_by_netns, OTHER_NETNS);
	assert_non_null(strstr(v.headline, "where a NAT rule in another network namespace of this host had sent it"));
	/* nothing of it is known, and that there are such rules is */
	r.more.nat = (struct watch_nat){ 0 };
	told();
	assert_int_equal(a.sent_to.port, 0);
	assert_string_equal(v.headline, "an RST answered SYN 0: the peer refused");
	a.may_be_sent_on = SENT_ON_PERHAPS;
	verdict_make(&a, &v);
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_non_null(strstr(v.evidence[v.n_evidence - 1], "a NAT rule of this host may have sent it elsewhere"));
	a.may_be_sent_on = SENT_ON_UNKNOWN;
	verdict_make(&a, &v);
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_non_null(strstr(v.evidence[v.n_evidence - 1], "those of its network namespace could not be read"));
	a.may_be_sent_on = SENT_ON_PERHAPS_THERE;
	a.may_be_sent_by = OTHER_NETNS;
	verdict_make(&a, &v);
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_string_equal(v.headline, "an RST answered SYN 0: the peer refused, likely");
	assert_non_null(strstr(v.evidence[v.n_evidence - 1], "there are such rules for what comes through it"));
	/* where it was sent is known, and not whether it went further */
	a.sent_to = (struct endpoint){ { 4, { 192, 0, 2, 9 } }, 8080 };
	verdict_make(&a, &v);
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_string_equal(v.headline,
			    "an RST answered SYN 0: 192.0.2.9:8080 refused, where a NAT rule of this host had "
			    "sent it, likely");
}

/* In another namespace one of them is known to be the SYN itself. */
static void copies(void **test)
{
	struct watch_drop *copy, *d;

	begin();
	sent_again(1);
	copy = dropped(NETFILTER_DROP, 2);
	d = dropped(NETFILTER_DROP, 1);
	copy->netns = OTHER_NETNS;
	copy->original = 0;
	d->netns = OTHER_NETNS + 1;
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_int_equal(a.n_drops, 2);
	assert_int_equal(a.drops[0].netns, OTHER_NETNS + 1);
	assert_false(a.drops[0].unproven);
	assert_true(a.drops[1].unproven);
	d->packets = 2; /* both SYNs are accounted for */
	told();
	assert_int_equal(a.n_drops, 1);
	assert_int_equal(a.drops[0].netns, OTHER_NETNS + 1);
	d->netns = r.attempt.netns; /* here, a copy is told from it */
	d->original = 0;
	told();
	assert_int_equal(a.n_drops, 1);
	assert_false(a.drops[0].unproven);
}

static void drops(void **test)
{
	begin();
	sent_again(5);
	dropped(NETFILTER_DROP, 6)->output = 1;
	dropped(NETFILTER_DROP, 2)->netns = OTHER_NETNS;
	dropped(NETFILTER_DROP, 1)->location = 1;
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_int_equal(a.n_drops, 3);
	assert_int_equal(a.drops[0].place, DROP_LOCAL_OUTPUT);
	assert_int_equal(a.drops[0].packets, 6);
	assert_string_equal(a.drops[0].reason, "NETFILTER_DROP");
	assert_string_equal(a.drops[0].function, "nf_hook_slow");
	assert_int_equal(a.drops[0].ifindex, 2);
	assert_false(a.drops[0].reply);
	assert_int_equal(a.drops[1].place, DROP_PATH_OR_PEER);
	assert_int_equal(a.drops[1].netns, OTHER_NETNS);
	assert_int_equal(a.drops[2].place, DROP_LOCAL_INPUT);
	assert_string_equal(a.drops[2].function, "");
	assert_int_equal(a.n_replies, 0);
	/* a copy, for a sniffer whose buffer was full */
	r.more.drops[2].location = SNIFFER;
	told();
	assert_int_equal(a.n_drops, 2);
	r.more.drops[2].location = 1;
	told();
	/* without its socket, but no device had received it: a queue or a device on the way out; in this namespace */
	r.more.drops[2].unreceived = 1;
	told();
	assert_int_equal(a.drops[2].place, DROP_LOCAL_OUTPUT);
	r.more.drops[1].unreceived = 1;
	told();
	assert_int_equal(a.drops[1].place, DROP_PATH_OR_PEER);
	/* of an answer no device ever had it either, where the server is here, too */
	r.more.drops[2].reply = 1;
	told();
	assert_int_equal(a.drops[2].place, DROP_LOCAL_OUTPUT);
	r.more.drops[2].unreceived = 0;
	told();
	assert_int_equal(a.drops[2].place, DROP_LOCAL_INPUT);
	/* a SYN that its server threw away, since its answer to the one before was lost; then one by one */
	begin();
	sent_again(2);
	dropped(FLAGS, 1)->netns = OTHER_NETNS;
	*dropped(NETFILTER_DROP, 2) = (struct watch_drop){
		.reason = NETFILTER_DROP, .reply = 1, .packets = 3, .first_ns = BEGUN + 1, .netns = OTHER_NETNS
	};
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_true(a.drops[0].reply);
	assert_int_equal(a.drops[0].packets, 3);
	assert_false(a.drops[1].reply);
	assert_true(has_evidence("3 replies were dropped before they came to this network namespace"));
	r.more.drops[1].packets = 1;
	told();
	assert_true(a.drops[0].reply);
	r.more.drops[0].first_ns = BEGUN;
	told();
	assert_false(a.drops[0].reply);
	/* it was answered once more */
	*dropped(NOT_SPECIFIED, 1) = (struct watch_drop){ .reason = NOT_SPECIFIED, .packets = 1, .location = RECEIVED };
	told();
	assert_int_equal(a.n_drops, 2);
	assert_string_equal(a.drops[0].reason, "TCP_FLAGS");
	assert_string_equal(a.drops[1].reason, "NETFILTER_DROP");
	/* TCP has no device for it any more: at the server, which may be here */
	begin();
	dropped(FLAGS, 1)->netns = 0;
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_int_equal(a.drops[0].place, DROP_PATH_OR_PEER);
	begin();
	r.attempt.flow.server = r.attempt.flow.client;
	dropped(FLAGS, 1)->netns = 0;
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_int_equal(a.drops[0].place, DROP_LOCAL_INPUT);
	/* more than there is room for are not read */
	r.attempt.n_drops = 255;
	told();
	assert_int_equal(a.n_drops, WATCH_DROPS_MAX);
}

/* What is in the way is called a rule where it is one. */
static void advised(void **test)
{
	begin();
	sent_again(5);
	dropped(NETFILTER_DROP, 6)->output = 1;
	ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
	told();
	assert_int_equal(strncmp(v.advice, "the firewall rule ", strlen("the firewall rule ")), 0);
	r.more.drops[0].reason = NOT_SPECIFIED;
	told();
	assert_int_equal(strncmp(v.advice, "what dropped its packets; ", strlen("what dropped its packets; ")), 0);
}

/* Answers that came and did not count. */
static void ignored(void **test)
{
	static const struct {
		uint32_t why;
		bool reset;
		enum ignored ignored;
		int n_drops;
	} cases[] = {
		{ NETFILTER_DROP, false, IGNORED_DROPPED, 1 },
		{ TCP_CSUM, false, IGNORED_CHECKSUM, 0 },
		{ WRONG_ACK, false, IGNORED_WRONG_ACK, 0 },
		{ WRONG_ACK, true, IGNORED_WRONG_ACK, 0 },
		{ FLAGS, true, IGNORED_NO_ACK, 0 },
		{ FLAGS, false, IGNORED_DROPPED, 1 },
	};
	size_t i;
	char says[48];

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct watch_drop *d;

		begin();
		sent_again(5);
		d = dropped(cases[i].why, 3);
		d->reply = 1;
		d->reset = cases[i].reset;
		ended(predicted_ns(), WATCH_KERNEL, ETIMEDOUT);
		told();
		assert_int_equal(v.outcome, OUTCOME_TIMED_OUT);
		assert_int_equal(a.n_drops, cases[i].n_drops);
		/* the first and the last of them */
		assert_int_equal(a.n_replies, 2);
		assert_int_equal(a.replies[0].t_ns, START + 10 * US);
		assert_int_equal(a.replies[1].t_ns, START + 31409 * MS);
		assert_int_equal(a.replies[0].kind, cases[i].reset ? REPLY_RST : REPLY_SYN_ACK);
		assert_int_equal(a.replies[0].ignored, cases[i].ignored);
		assert_int_equal(a.replies[0].more + a.replies[1].more + 2, r.more.drops[0].packets);
		snprintf(says, sizeof(says),
			 cases[i].n_drops ? "%u replies came back and" : "%u replies were ignored: ",
			 r.more.drops[0].packets);
		assert_true(has_evidence(says));
	}
}

/* What was dropped last is kept first, the answer that counted comes at the end: told in the order of time. */
static void replies_in_order(void **test)
{
	struct watch_drop *d;

	begin()->how = WATCH_CONNECTED;
	sent_again(2);
	d = dropped(NETFILTER_DROP, 1);
	d->reply = 1;
	d->first_ns = BEGUN + 1010 * MS;
	d = dropped(TCP_CSUM, 1);
	d->reply = 1;
	d->first_ns = BEGUN + 5 * MS;
	r.attempt.end_ns = BEGUN + 3026 * MS;
	told();
	assert_int_equal(v.outcome, OUTCOME_ESTABLISHED);
	assert_int_equal(a.n_replies, 3);
	assert_int_equal(a.replies[0].ignored, IGNORED_CHECKSUM);
	assert_int_equal(a.replies[1].ignored, IGNORED_DROPPED);
	assert_int_equal(a.replies[2].ignored, IGNORED_NOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rejected_by_own_rule),
		cmocka_unit_test(reset_by_rule),
		cmocka_unit_test(advised),
		cmocka_unit_test(redirected),
		cmocka_unit_test(sent_on),
		cmocka_unit_test(copies),
		cmocka_unit_test(drops),
		cmocka_unit_test(ignored),
		cmocka_unit_test(replies_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
