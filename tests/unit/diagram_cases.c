/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/diagram_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct attempt a;
struct verdict v;

void begin(int n)
{
	static const int syns_ms[] = { 0, 1009, 3025, 7089, 15281, 31409 };
	int i;

	memset(&a, 0, sizeof(a));
	memset(&v, 0, sizeof(v));
	assert_int_equal(endpoint_parse("127.0.0.1:60632", &a.flow.client), 0);
	assert_int_equal(endpoint_parse("127.0.0.1:12345", &a.flow.server), 0);
	policy_default(0, &a.policy);
	a.policy.retries = 5;
	a.policy.linear = 0;
	a.has_policy = true;
	a.n_syns = n;
	for (i = 0; i < n; i++)
		a.syn_ns[i] = START + syns_ms[i] * MS;
	a.syns_seen = n > 0;
	a.connect_ns = START - 50000;
}

void ended(int64_t elapsed_ns, enum outcome o, enum gave_up_by g, int error, const char *headline)
{
	a.ended_ns = attempt_start_ns(&a) + elapsed_ns;
	v.elapsed_ns = elapsed_ns;
	v.outcome = o;
	v.gave_up_by = g;
	v.error = error;
	snprintf(v.headline, sizeof(v.headline), "%s", headline);
}

struct drop *dropped(enum drop_place place, uint64_t packets, const char *rule)
{
	struct drop *d = &a.drops[a.n_drops++];

	d->place = place;
	d->packets = packets;
	snprintf(d->rule, sizeof(d->rule), "%s", rule);
	return d;
}

static struct reply *replied(int64_t t_ns, enum reply_kind kind)
{
	struct reply *r = &a.replies[a.n_replies++];

	r->t_ns = START + t_ns;
	r->kind = kind;
	r->from = a.flow.server.addr;
	return r;
}

static void icmp(int64_t t_ns, int type, int code, const char *from)
{
	struct reply *r = replied(t_ns, REPLY_ICMP);

	r->icmp_family = 4;
	r->icmp_type = (uint8_t)type;
	r->icmp_code = (uint8_t)code;
	assert_int_equal(addr_parse(from, &r->from), 0);
}

void case_drop(void)
{
	begin(6);
	dropped(DROP_LOCAL_INPUT, 6, "ip daddr 127.0.0.1 tcp dport 12345 counter packets 6 bytes 360 drop");
	ended(65202 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 5 retransmissions unanswered (tcp_syn_retries)");
}

static void case_drop_output(void)
{
	begin(3);
	a.policy.retries = 2;
	dropped(DROP_LOCAL_OUTPUT, 3, "tcp dport 12345 drop");
	ended(7089 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

/* The kernel's default policy: the client's timer is shorter than most of it. */
void case_abandon(void)
{
	begin(2);
	policy_default(0, &a.policy);
	a.has_phase = true;
	a.phase = 5;
	a.phase_edge_ns = 1 * MS;
	a.syn_ns[1] = START + 1019 * MS;
	assert_int_equal(addr_parse("198.18.0.7", &a.flow.server.addr), 0);
	ended(1700 * MS, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, 0,
	      "the application gave up, by its own timer of 1.700 s");
}

/* The same with the classic policy and no known phase. */
static void case_abandon_nominal(void)
{
	begin(2);
	ended(2503 * MS, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, 0,
	      "the application gave up, by its own timer of 2.500 s");
}

static void case_killed(void)
{
	begin(1);
	a.end_signal = SIGKILL;
	ended(400 * MS, OUTCOME_KILLED, GAVE_UP_SIGNAL, 0, "SIGKILL ended the client while it waited");
}

static void case_pending(void)
{
	begin(4);
	ended(9 * S, OUTCOME_PENDING, GAVE_UP_NOBODY, 0, "still waiting when the observation ended, after 4 SYNs");
}

static void case_refused(void)
{
	begin(1);
	replied(31000, REPLY_RST);
	ended(112000, OUTCOME_REFUSED, GAVE_UP_PEER, ECONNREFUSED, "an RST answered SYN 0: the peer refused");
}

static void case_established(void)
{
	begin(1);
	replied(19000, REPLY_SYN_ACK);
	a.ack_ns = START + 43000;
	a.fin_ns[0] = START + 2000 * MS;
	a.fin_ns[1] = START + 2000 * MS + 5000;
	ended(62000, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 0, "connected in 0.06 ms");
}

static void case_late_answer(void)
{
	begin(4);
	dropped(DROP_LOCAL_INPUT, 3, "tcp dport 12345 drop");
	replied(7089 * MS + 21000, REPLY_SYN_ACK);
	a.ack_ns = START + 7089 * MS + 47000;
	a.fin_ns[0] = START + 8000 * MS;
	a.fin_ns[1] = START + 8000 * MS + 61000;
	ended(7089 * MS + 60000, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 0,
	      "connected on SYN 3 after 7.089 s; SYNs 0 to 2 got no usable answer");
}

/* Dropped where the server sends it: only the drop tells of the SYN-ACKs. */
static void case_drop_synack(void)
{
	begin(3);
	a.policy.retries = 2;
	dropped(DROP_LOCAL_OUTPUT, 0, "tcp sport 12345 tcp flags syn,ack / syn,ack drop")->reply = true;
	ended(7089 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

/* Dropped where the client would receive it: a capture sees them, and the server's own retransmissions. */
static void case_drop_synack_input(void)
{
	static const int64_t at_us[] = { 30, 1009030, 1024000, 3025030, 3072000, 7072000 };
	size_t i;

	begin(3);
	a.policy.retries = 2;
	for (i = 0; i < sizeof(at_us) / sizeof(at_us[0]); i++)
		replied(at_us[i] * 1000, REPLY_SYN_ACK)->ignored = IGNORED_DROPPED;
	dropped(DROP_LOCAL_INPUT, 6, "tcp sport 12345 drop")->reply = true;
	ended(7089 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

void case_wrong_ack(void)
{
	begin(3);
	replied(20 * MS, REPLY_SYN_ACK)->ignored = IGNORED_WRONG_ACK;
	a.client_rst_ns = START + 20 * MS + 9000;
	a.syn_ns[1] = START + 32 * MS;
	a.syn_ns[2] = START + 2048 * MS;
	a.policy.retries = 2;
	ended(6144 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

static void case_soft_error(void)
{
	begin(2);
	dropped(DROP_LOCAL_INPUT, 2, "tcp dport 12345 reject with icmp type host-prohibited");
	icmp(24000, 3, 10, "127.0.0.1");
	icmp(1009 * MS + 22000, 3, 10, "127.0.0.1");
	v.limit = LIMIT_SOFT_ERROR;
	ended(1009 * MS + 90000, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, EHOSTUNREACH,
	      "icmp 3/10 from 127.0.0.1 said that the server cannot be reached");
}

static void case_router(void)
{
	begin(1);
	assert_int_equal(endpoint_parse("198.18.4.20:443", &a.flow.server), 0);
	icmp(20 * MS, 3, 13, "198.18.0.1");
	ended(20 * MS + 100000, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, EHOSTUNREACH,
	      "icmp 3/13 from 198.18.0.1 said that the server cannot be reached");
}

static void case_no_route(void)
{
	begin(0);
	a.flow.client = (struct endpoint){ 0 };
	assert_int_equal(endpoint_parse("203.0.113.9:80", &a.flow.server), 0);
	ended(18000, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, ENETUNREACH, "this host has no route to the server");
}

static void case_backlog(void)
{
	begin(3);
	a.policy.retries = 2;
	dropped(DROP_PEER_BACKLOG, 3, "");
	snprintf(a.drops[0].reason, sizeof(a.drops[0].reason), "ListenOverflows");
	ended(7089 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

/* Every SYN that the kernel can send, long addresses, and no policy known. */
void case_syns_255(void)
{
	int64_t t = 0;
	int i;

	begin(0);
	a.has_policy = false;
	assert_int_equal(endpoint_parse("[2001:db8:1234:5678:9abc:def0:1234:5678]:60632", &a.flow.client), 0);
	assert_int_equal(endpoint_parse("[2001:db8:ffff:ffff:ffff:ffff:ffff:fffe]:12345", &a.flow.server), 0);
	for (i = 0; i < ATTEMPT_SYNS_MAX; i++) {
		a.syn_ns[i] = START + t;
		t += i < 128 ? 1024 * MS : i < 135 ? (1024 * MS) << (i - 127) : 122880 * MS;
	}
	a.n_syns = ATTEMPT_SYNS_MAX;
	a.syns_seen = true;
	ended(t, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 254 retransmissions unanswered (TCP_SYNCNT)");
}

/* What comes from outside must steer neither a terminal nor a browser. */
static void case_hostile(void)
{
	begin(1);
	dropped(DROP_PATH_OR_PEER, 1, "comment \"\033]0;x\007<script>&\xff\xe2\x80\xae \xe6\x97\xa5\xe6\x9c\xac\"");
	ended(400 * MS, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, 0, "</text>\033[2J\n<b>");
}

const struct diagram_case cases[] = {
	{ "drop", case_drop, true },
	{ "drop-output", case_drop_output, false },
	{ "abandon", case_abandon, true },
	{ "abandon-nominal", case_abandon_nominal, false },
	{ "killed", case_killed, false },
	{ "pending", case_pending, false },
	{ "refused", case_refused, false },
	{ "established", case_established, false },
	{ "late-answer", case_late_answer, true },
	{ "drop-synack", case_drop_synack, false },
	{ "drop-synack-input", case_drop_synack_input, false },
	{ "wrong-ack", case_wrong_ack, false },
	{ "soft-error", case_soft_error, true },
	{ "router", case_router, false },
	{ "no-route", case_no_route, false },
	{ "backlog", case_backlog, false },
	{ "syns-255", case_syns_255, false },
	{ "hostile", case_hostile, true },
};

const size_t n_cases = sizeof(cases) / sizeof(cases[0]);
