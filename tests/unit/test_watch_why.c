/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why it came to that, in the last column of `watch`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "tests/unit/watch_told.h"

/* Of a rule that answers with an RST. */
static void rejected(void **test)
{
	struct drop *d;

	begin(1);
	judged(OUTCOME_REFUSED, 310 * US, ECONNREFUSED);
	d = dropped(DROP_LOCAL_INPUT, 1);
	assert_why("RST, by this host's firewall");
	d->place = DROP_PATH_OR_PEER;
	assert_why("RST, by the firewall of another network namespace of this host");
	strcpy(d->reason, "IP_RPFILTER");
	assert_why("RST");
	strcpy(d->reason, "NETFILTER_DROP");
	d->place = DROP_LOCAL_INPUT;
	d->rule_untraced = true;
	assert_why("RST, by a rule (--rules names it)");
	strcpy(d->rule, "nft inet fw in handle 2: counter reject with tcp reset");
	d->rule_by = RULE_BY_GUESS;
	assert_why("RST; perhaps nft inet fw in handle 2: counter reject with tcp reset (by counters; --rules tells)");
	d->rule_by = RULE_BY_TRACE;
	assert_why("RST, by nft inet fw in handle 2: counter reject with tcp reset");
	/* one of two was dropped: the RST answers the other */
	a.n_syns = 2;
	assert_why("RST");
	/* the kernel tells of every RST: with none it was an ICMP error, whose sender may not be known */
	begin(1);
	endpoint_parse("[fd00::2]:443", &a.flow.server);
	judged(OUTCOME_REFUSED, 1 * S, ECONNREFUSED);
	v.confidence = CONFIDENCE_LIKELY;
	assert_why("icmp6 port unreachable, or an RST that was not seen  (likely)");
	v.confidence = CONFIDENCE_CERTAIN;
	v.gave_up_by = GAVE_UP_NETWORK;
	strcpy(dropped(DROP_LOCAL_OUTPUT, 1)->rule, "nft inet fw output handle 5: reject");
	assert_why("icmp6 port unreachable, by nft inet fw output handle 5: reject");
	/* a route that failed after a SYN was dropped */
	begin(1);
	judged(OUTCOME_UNREACHABLE, 3 * S, EHOSTUNREACH);
	v.gave_up_by = GAVE_UP_KERNEL;
	v.limit = LIMIT_SOFT_ERROR;
	strcpy(v.headline, "its error is of a route that failed meanwhile");
	assert_why("EHOSTUNREACH: its error is of a route that failed meanwhile");
	strcpy(dropped(DROP_LOCAL_OUTPUT, 1)->rule, "nft inet fw output handle 5: drop");
	assert_why(
		"EHOSTUNREACH: its error is of a route that failed meanwhile; SYN dropped here, on its way out: nft inet "
		"fw output handle 5: drop");
}

static void whys(void **test)
{
	struct reply *r;

	begin(6);
	a.has_policy = true;
	judged(OUTCOME_TIMED_OUT, 65 * S, ETIMEDOUT);
	v.limit = LIMIT_SYN_RETRIES;
	assert_why("kernel, tcp_syn_retries; no answer");
	a.policy.syncnt = 5;
	assert_why("kernel, TCP_SYNCNT; no answer");
	v.limit = LIMIT_USER_TIMEOUT;
	dropped(DROP_LOCAL_OUTPUT, 6);
	assert_why("kernel, TCP_USER_TIMEOUT; SYN dropped here, on its way out: NETFILTER_DROP in nf_hook_slow");
	a.drops[0].packets = 2;
	strcpy(a.drops[0].function, "");
	assert_why("kernel, TCP_USER_TIMEOUT; SYN dropped here, on its way out (2 of 6): NETFILTER_DROP");
	a.drops_missed = true;
	assert_why("kernel, TCP_USER_TIMEOUT; SYN dropped here, on its way out: NETFILTER_DROP");
	a.drops_missed = false;
	a.drops[0].place = DROP_LOCAL_INPUT;
	a.drops[0].reply = true;
	strcpy(a.drops[0].rule, "ip filter INPUT handle 4: tcp dport 443 drop comment \"a\033[2J\"");
	assert_why(
		"kernel, TCP_USER_TIMEOUT; answer dropped here, on its way in: ip filter INPUT handle 4: tcp dport 443 drop comment \"a\\x1b[2J\"");
	strcpy(a.drops[0].rule, "nft inet fw in handle 2: counter drop");
	a.drops[0].rule_by = RULE_BY_COUNTER;
	a.drops[0].rule_untraced = true;
	assert_why(
		"kernel, TCP_USER_TIMEOUT; answer dropped here, on its way in: nft inet fw in handle 2: counter drop (by its counter)");
	a.drops[0].rule_by = RULE_BY_GUESS;
	assert_why(
		"kernel, TCP_USER_TIMEOUT; answer dropped here, on its way in: perhaps nft inet fw in handle 2: counter drop (by counters; --rules tells)");
	a.drops[0].rule_untraced = false;
	assert_why(
		"kernel, TCP_USER_TIMEOUT; answer dropped here, on its way in: perhaps nft inet fw in handle 2: counter drop (by counters)");
	a.n_drops = 0;
	dropped(DROP_LOCAL_INPUT, 6)->rule_untraced = true;
	assert_why(
		"kernel, TCP_USER_TIMEOUT; SYN dropped here, on its way in: NETFILTER_DROP in nf_hook_slow (--rules names the rule)");
	a.drops[0] = (struct drop){ .place = DROP_PATH_OR_PEER, .netns = 2, .packets = 6 };
	assert_why("kernel, TCP_USER_TIMEOUT; SYN dropped in another network namespace of this host");
	a.drops[0] = (struct drop){ .place = DROP_PEER_BACKLOG, .packets = 6 };
	assert_why("kernel, TCP_USER_TIMEOUT; accept queue full");
	a.n_drops = 0;
	replied(REPLY_SYN_ACK, IGNORED_WRONG_ACK);
	assert_why("kernel, TCP_USER_TIMEOUT; syn-ack ignored: wrong ack");
	a.replies[0].ignored = IGNORED_DROPPED; /* its packets were seen, and not what dropped it */
	assert_why("kernel, TCP_USER_TIMEOUT; answer dropped on this host");
	begin(2);
	judged(OUTCOME_ABANDONED, 2 * S, 0);
	v.confidence = CONFIDENCE_LIKELY;
	assert_why("closed by the program; no answer  (likely)");
	judged(OUTCOME_ABANDONED, 2 * S, ECONNABORTED);
	assert_why("destroyed from outside, as ss -K does it; no answer");
	judged(OUTCOME_KILLED, 2 * S, 0);
	a.end_signal = SIGKILL;
	assert_why("SIGKILL; no answer");
	a.end_signal = 99;
	assert_why("SIG?; no answer");
	judged(OUTCOME_ESTABLISHED, 1010 * MS, 0);
	assert_why("2 SYNs; which was answered is not known");
	a.has_answered = true;
	assert_why("answered late: SYN 0 had reached the server");
	a.answered_syn = 1;
	assert_why("SYN 0 got no usable answer");
	a.n_syns = 3;
	a.answered_syn = 2;
	dropped(DROP_LOCAL_INPUT, 2);
	assert_why(
		"SYNs 0 to 1 got no usable answer; SYN dropped here, on its way in (2 of 3): NETFILTER_DROP in nf_hook_slow");
	begin(1);
	r = replied(REPLY_ICMP, IGNORED_NOT);
	r->icmp_family = 4;
	r->icmp_type = 3;
	r->icmp_code = 13;
	addr_parse("10.0.0.254", &r->from);
	judged(OUTCOME_UNREACHABLE, MS, EHOSTUNREACH);
	assert_why("icmp 3/13 from 10.0.0.254 (admin prohibited)");
	r->icmp_code = 3;
	r->from = (struct addr){ 0 };
	judged(OUTCOME_REFUSED, MS, ECONNREFUSED);
	assert_why("icmp 3/3 (port unreachable)");
	replied(REPLY_RST, IGNORED_NOT);
	assert_why("RST");
	begin(2);
	judged(OUTCOME_ABANDONED, 2 * S, EINTR);
	a.end = ATTEMPT_END_RESULT;
	a.end_error = EINTR;
	assert_why("interrupted by a signal handler; no answer");
}

/* The rule that is known for it, whatever it answered with. */
static void rules(void **test)
{
	struct reply *r;

	begin(1);
	strcpy(dropped(DROP_LOCAL_OUTPUT, 1)->rule, "nft inet fw output handle 6: tcp dport 82 reject");
	judged(OUTCOME_REFUSED, MS, ECONNREFUSED);
	assert_why("RST, by nft inet fw output handle 6: tcp dport 82 reject");
	judged(OUTCOME_UNREACHABLE, MS, EACCES);
	strcpy(v.headline, "an ICMP error said that the server cannot be reached");
	assert_why("EACCES: an ICMP error said that the server cannot be reached, by nft inet fw output handle 6: "
		   "tcp dport 82 reject");
	r = replied(REPLY_ICMP, IGNORED_NOT);
	r->icmp_family = 4;
	r->icmp_type = 3;
	r->icmp_code = 13;
	addr_parse("10.0.0.2", &r->from);
	v.error = EHOSTUNREACH;
	assert_why("icmp 3/13 from 10.0.0.2 (admin prohibited), by nft inet fw output handle 6: tcp dport 82 reject");
	/* one that dropped the answer did not reject the SYN */
	a.drops[0].reply = true;
	assert_why("icmp 3/13 from 10.0.0.2 (admin prohibited)");
}

/* This host's own error for want of a neighbour comes from its own address, and is no router's. */
static void neighbours(void **test)
{
	struct reply *r;

	begin(1);
	a.end = ATTEMPT_END_RESULT;
	a.end_error = EHOSTUNREACH;
	a.ended_ns = START + 3070 * MS;
	r = replied(REPLY_ICMP, IGNORED_NOT);
	r->icmp_family = 4;
	r->icmp_type = 3;
	r->icmp_code = 1;
	r->t_ns = a.ended_ns;
	r->from = a.flow.client.addr;
	verdict_make(&a, &v);
	assert_why("EHOSTUNREACH: no neighbour answered for the server's address or its gateway (ARP)");
	addr_parse("10.0.0.254", &r->from);
	verdict_make(&a, &v);
	assert_why("icmp 3/1 from 10.0.0.254 (host unreachable)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rejected),
		cmocka_unit_test(whys),
		cmocka_unit_test(rules),
		cmocka_unit_test(neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
