/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be changed, where this host itself dropped what an attempt sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/schedule.h"
#include "core/verdict.h"

#define S ((int64_t)1000000000)

static struct attempt a;
static struct verdict v;
static struct drop *drop;

/* One of two SYNs that the kernel's tracepoints told of, both dropped by nft in another network namespace. */
static int set_up(void **state)
{
	memset(&a, 0, sizeof(a));
	endpoint_parse("10.0.0.1:40000", &a.flow.client);
	endpoint_parse("10.0.0.2:443", &a.flow.server);
	a.traced = a.socket_seen = true;
	a.netns = 1;
	a.n_syns = 2;
	a.connect_ns = a.syn_ns[0] = S;
	a.syn_ns[1] = 2 * S;
	a.ended_ns = 4 * S;
	a.end = ATTEMPT_END_CLOSE;
	a.close_cause = CLOSE_KERNEL;
	a.end_error = ETIMEDOUT;
	a.n_drops = 1;
	drop = &a.drops[0];
	*drop = (struct drop){ .place = DROP_PATH_OR_PEER, .packets = 2, .netns = 7, .reason = "NETFILTER_DROP" };
	return 0;
}

static void assert_advice(const char *should)
{
	verdict_make(&a, &v);
	assert_string_equal(v.advice, should);
}

#define TO_WAIT_LESS                                                                                  \
	"; or, to wait less, tcp_syn_retries, TCP_SYNCNT, TCP_USER_TIMEOUT or a timer in the client " \
	"(`synsent predict --within 10s`)"
#define OWN_LIMIT "; the limit of the wait is the client's own, and kernel settings would not change it"
#define KEPT                                                                                                         \
	"what keeps SYNs on this host: a neighbour that does not answer (`ip neigh`), a queue, or no route, by the " \
	"socket's mark, user or source, too (`ip rule`)"
#define CAPTURE "whatever loses SYNs or answers, which a capture at the server, or nearer to it, shows"
#define HOW_TO_NAME                                                                                                  \
	"the firewall rule that dropped its packets in network namespace 7 (`lsns -t net`): `synsent watch --rules " \
	"--netns PID` names it"

static void timed_out(void **state)
{
	assert_advice(HOW_TO_NAME TO_WAIT_LESS);
	drop->place = DROP_LOCAL_OUTPUT;
	assert_advice(HOW_TO_NAME TO_WAIT_LESS);
	drop->rule_untraced = true;
	assert_advice("the firewall rule that dropped its packets (`synsent watch --rules` names it)" TO_WAIT_LESS);
	strcpy(drop->rule, "nft inet fw input handle 2: counter drop");
	drop->rule_by = RULE_BY_GUESS;
	assert_advice("the firewall rule that dropped its packets (`synsent watch --rules` names it)" TO_WAIT_LESS);
	drop->rule_by = RULE_BY_COUNTER;
	assert_advice("that rule" TO_WAIT_LESS);
	drop->place = DROP_PATH_OR_PEER;
	assert_advice("that rule" TO_WAIT_LESS);
}

static void user_timeout(void **state)
{
	a.has_policy = true;
	policy_default(0, &a.policy);
	a.policy.user_timeout_ms = 3000;
	strcpy(drop->rule, "nft inet fw input handle 2: counter drop");
	assert_advice("that rule; the limit is the socket's TCP_USER_TIMEOUT, not tcp_syn_retries: change that option");
}

static void no_rule(void **state)
{
	strcpy(drop->reason, "IP_RPFILTER");
	assert_advice("what dropped its packets" TO_WAIT_LESS);
	drop->place = DROP_PEER_BACKLOG;
	verdict_make(&a, &v);
	assert_non_null(strstr(v.advice, "the server's side: let it accept faster"));
	strcpy(drop->reason, "SYN queue full, likely");
	assert_advice(
		"the server's side: sysctl net.ipv4.tcp_syncookies=1; or raise net.ipv4.tcp_max_syn_backlog, the "
		"listener's backlog and net.core.somaxconn; the limits of the wait: `synsent predict --within 10s`");
	a.has_policy = true;
	policy_default(0, &a.policy);
	a.policy.user_timeout_ms = 3000;
	verdict_make(&a, &v);
	assert_non_null(strstr(v.advice, "net.ipv4.tcp_syncookies=1; or raise net.ipv4.tcp_max_syn_backlog, the "
					 "listener's backlog and net.core.somaxconn; the limit is the socket's "
					 "TCP_USER_TIMEOUT"));
}

static void assert_evidence(const char *text)
{
	int i = 0;

	verdict_make(&a, &v);
	while (i < v.n_evidence && strcmp(v.evidence[i], text) != 0)
		i++;
	assert_true(i < v.n_evidence);
}

/* Without the kernel's tracepoints, its end is known by a count, or by its instant: the error is not. */
static void route_may_have_failed(void **state)
{
	const char *error = "what error its program was given was not seen: where a route had failed meanwhile, that "
			    "one's (EHOSTUNREACH, ENETUNREACH), and not ETIMEDOUT";

	a.traced = false;
	a.n_drops = a.end_error = 0;
	a.close_cause = CLOSE_UNKNOWN;
	a.syns_seen = a.has_abort_count = true;
	a.abort_on_timeout = 1;
	verdict_make(&a, &v);
	assert_int_equal(v.outcome, OUTCOME_TIMED_OUT);
	assert_int_equal(v.confidence, CONFIDENCE_CERTAIN);
	a.unsent = 1;
	assert_evidence(error);
	assert_int_equal(v.outcome, OUTCOME_TIMED_OUT);
	assert_int_equal(v.confidence, CONFIDENCE_LIKELY);
	addr_parse("10.0.0.254", &a.silent_hop); /* one that waits for that is not sent again */
	verdict_make(&a, &v);
	assert_int_equal(v.confidence, CONFIDENCE_CERTAIN);
	a.silent_hop = (struct addr){ 0 };
	a.end = ATTEMPT_END_RESULT;
	a.end_error = ETIMEDOUT;
	verdict_make(&a, &v);
	assert_int_equal(v.confidence, CONFIDENCE_CERTAIN);
}

/* Nothing told of a drop. */
static void silence(void **state)
{
	a.n_drops = 0;
	assert_advice(CAPTURE TO_WAIT_LESS);
	addr_parse("10.0.0.254", &a.silent_hop);
	strcpy(a.silent_device, "eth0");
	assert_advice(
		"the neighbour that does not answer (`ip neigh`): the next hop is down, or the address is wrong" //
		TO_WAIT_LESS);
	assert_string_equal(v.evidence[v.n_evidence - 1],
			    "by the neighbour table 10.0.0.254 on eth0 does not answer ARP");
	a.unsent = 2;
	assert_evidence("its timer fired 2 times without another SYN: the one before was still on this host, or there "
			"was no route");
	a.traced = a.syns_seen = false;
	a.n_syns = 1;
	assert_evidence("the kernel made 1 SYN, and none left this host");
	a.blind = true;
	assert_evidence("the kernel made 1 SYN, and none left this host");
	a.silent_hop = (struct addr){ 0 };
	assert_evidence("packets could not be seen here; the kernel counted 1 SYN");
	a.blind = false;
	assert_evidence("the kernel counted 1 SYN, and none was seen leaving: no neighbour, or a queue of this host");
	assert_advice(KEPT TO_WAIT_LESS);
	a.traced = true;
	assert_advice(KEPT TO_WAIT_LESS);
	a.traced = false;
	a.traced = a.drops_missed = true;
	assert_evidence("so many packets were dropped meanwhile that more of its own may be among them");
	assert_advice("what drops so many packets on this host, if its own are among them, or loses them elsewhere: a "
		      "capture at the server shows which" TO_WAIT_LESS);
	a.traced = a.drops_missed = false;
	a.unsent = 0;
	assert_evidence("the kernel counted 1 SYN, and none was seen leaving: a firewall's OUTPUT, no neighbour, or "
			"another interface");
	a.n_syns = 2;
	a.traced = true;
	a.flow.client.addr = a.flow.server.addr;
	assert_advice("what ignores SYNs on this host: a full accept queue (`ss -ltn`: Recv-Q above Send-Q), or a "
		      "firewall" TO_WAIT_LESS);
	endpoint_parse("10.0.0.1:40000", &a.flow.client);
	a.segments_in = 1; /* what came shows in packets here */
	verdict_make(&a, &v);
	assert_null(strstr(v.advice, "loses"));
	a.segments_in = 0;
	a.n_replies = 1;
	a.replies[0] = (struct reply){ .kind = REPLY_SYN_ACK, .t_ns = S + 1, .ignored = IGNORED_WRONG_ACK };
	verdict_make(&a, &v);
	assert_null(strstr(v.advice, "loses"));
	a.replies[0].ignored = IGNORED_DROPPED;
	assert_advice("what drops the answers on this host: its firewall, on their way in, or rp_filter" TO_WAIT_LESS);
	a.n_replies = 0;
	a.traced = false;
	assert_advice("what keeps the SYNs from leaving this host: its firewall, on their way out, or a neighbour that "
		      "does not answer (`ip neigh`)" TO_WAIT_LESS);
	a.syns_seen = true;
	assert_advice(CAPTURE TO_WAIT_LESS);
}

static void given_up(void **state)
{
	a.close_cause = CLOSE_APPLICATION;
	a.end_error = 0;
	strcpy(drop->rule, "nft inet fw input handle 2: counter drop");
	assert_advice("that rule" OWN_LIMIT);
	a.n_drops = 0;
	assert_advice(CAPTURE OWN_LIMIT);
}

/* What took every SYN answered itself. */
static void refused(void **state)
{
	a.end_error = ECONNREFUSED;
	a.n_replies = 1;
	a.replies[0] = (struct reply){ .kind = REPLY_RST, .t_ns = 2 * S + 1 };
	assert_advice(HOW_TO_NAME "; no timeout is involved");
	assert_string_equal(v.headline,
			    "a rule in another network namespace of this host refused it with an RST, likely");
	strcpy(drop->rule, "nft inet fw input handle 2: reject with tcp reset");
	assert_advice("that rule; no timeout is involved");
	a.n_replies = 0; /* IPv6's ICMP errors are not told of */
	assert_advice("that rule; no timeout is involved");
	a.n_replies = 1;
	drop->place = DROP_LOCAL_INPUT;
	assert_advice("that rule; no timeout is involved");
	drop->packets = 1; /* the other SYN may be what the RST answers */
	assert_advice("nothing listens on that port, or a firewall rejects it with an RST; no timeout is involved");
	assert_string_equal(v.headline, "an RST came after SYN 1: the peer refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(timed_out, set_up),
		cmocka_unit_test_setup(no_rule, set_up),
		cmocka_unit_test_setup(user_timeout, set_up),
		cmocka_unit_test_setup(silence, set_up),
		cmocka_unit_test_setup(given_up, set_up),
		cmocka_unit_test_setup(refused, set_up),
		cmocka_unit_test_setup(route_may_have_failed, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
