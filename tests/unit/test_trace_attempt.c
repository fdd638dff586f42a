/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the BPF programs tell of an attempt, as an attempt and as its verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* after <time.h>, whose struct timespec it wants */
#include <linux/errqueue.h>

#include "core/digest.h"
#include "core/verdict.h"
#include "sources/trace_attempt.h"
#include "tests/fuzz/record_rules.h"
#include "tests/unit/random.h"

#define US ((int64_t)1000)
#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define AHEAD (1700000000 * S)
#define BEGUN (100 * S + MS) /* in the kernel's clock, 1 ms after a tick's edge */
#define START (AHEAD + BEGUN)
#define JIFFY 26000 /* then */
#define NETNS 4026531840u
#define NEIGHBOUR 0xffffffff81999999u
#define RECEIVED 0xffffffff81777777u
#define SNIFFER 0xffffffff81666666u
#define OTHER_NETNS 4026532999u

enum { NETFILTER_DROP = 8, TCP_CSUM, WRONG_ACK, FLAGS, NEIGH_FAILED, NOT_SPECIFIED, NO_SOCKET };

static struct watch_record r;
static struct attempt a;
static struct verdict v;

static const char *reason(uint32_t n, void *user)
{
	static const char *const names[] = { [NETFILTER_DROP] = "NETFILTER_DROP",
					     [TCP_CSUM] = "TCP_CSUM",
					     [WRONG_ACK] = "TCP_INVALID_ACK_SEQUENCE",
					     [FLAGS] = "TCP_FLAGS",
					     [NEIGH_FAILED] = "NEIGH_FAILED",
					     [NOT_SPECIFIED] = "NOT_SPECIFIED",
					     [NO_SOCKET] = "NO_SOCKET" };

	return n < sizeof(names) / sizeof(names[0]) && names[n] ? names[n] : "";
}

static const char *function(uint64_t location, void *user)
{
	return location == 0xffffffff81234567 ? "nf_hook_slow"
	       : location == NEIGHBOUR	      ? "neigh_invalidate"
	       : location == RECEIVED	      ? "tcp_v4_rcv"
	       : location == SNIFFER	      ? "tpacket_rcv"
					      : "";
}

static const struct trace_frame frame = { .ahead_ns = AHEAD,
					  .jiffies = { .hz = 250, .edge_mono_ns = 0, .at_edge = 1000 },
					  .kernel = KERNEL_VERSION_OF(6, 12),
					  .reason = reason,
					  .function = function };

/* An attempt of curl, by IPv4, as it is told when nothing went wrong: it began, and waits. */
static struct watch_attempt *begin(void)
{
	static const struct watch_attempt plain = { .socket = 0xffff888012345678,
						    .cookie = 77,
						    .start_ns = BEGUN,
						    .jiffies = JIFFY,
						    .cgroup = 4242,
						    .cgroup_known = 1,
						    .netns = NETNS,
						    .uid = 1000,
						    .isn = 0x12345678,
						    .pid = 812,
						    .retries = 5,
						    .linear = 0,
						    .flow = { .client = { { 10, 0, 0, 1 } },
							      .server = { { 10, 0, 0, 2 } },
							      .client_port = 40000,
							      .server_port = 443,
							      .family = 4 },
						    .comm = "curl" };

	memset(&r, 0, sizeof(r));
	r.attempt = plain;
	return &r.attempt;
}

static void six(void)
{
	r.attempt.flow.family = 6;
	r.attempt.flow.client = (struct watch_addr){ { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
	r.attempt.flow.server = (struct watch_addr){ { 0x20, 1, 0xd, 0xb8, [15] = 2 } };
}

/* n of its SYNs were sent again, by the schedule of 5 retries, and the events told so. */
static void sent_again(int n)
{
	static const int at_ms[] = { 1009, 3025, 7089, 15281, 31409 };
	int i;

	r.attempt.retransmits = (uint8_t)n;
	r.attempt.n_retrans = (uint16_t)n;
	r.attempt.n_sent = (uint32_t)n;
	r.attempt.has_more = 1;
	for (i = 0; i < n; i++)
		r.more.retrans_us[i] = (uint32_t)at_ms[i] * 1000;
}

static void ended(int64_t after_ns, int by, int error)
{
	r.attempt.how = WATCH_ENDED;
	r.attempt.by = (uint8_t)by;
	r.attempt.error = error;
	r.attempt.end_ns = (uint64_t)(BEGUN + after_ns);
}

static struct watch_drop *dropped(uint32_t why, uint32_t packets)
{
	struct watch_drop *d = &r.more.drops[r.attempt.n_drops++];

	r.attempt.has_more = 1;
	*d = (struct watch_drop){ .first_ns = BEGUN + 10 * US,
				  .last_ns = BEGUN + 31409 * MS,
				  .location = 0xffffffff81234567,
				  .reason = why,
				  .packets = packets,
				  .netns = NETNS,
				  .ifindex = 2 };
	return d;
}

static void told(void)
{
	trace_attempt(&r.attempt, r.attempt.has_more ? &r.more : NULL, &frame, &a);
	verdict_make(&a, &v);
}

static void assert_verdict(enum outcome o, enum gave_up_by by, enum limit l, enum confidence c)
{
	assert_string_equal(outcome_word(v.outcome), outcome_word(o));
	assert_string_equal(gave_up_by_word(v.gave_up_by), gave_up_by_word(by));
	assert_string_equal(limit_word(v.limit), limit_word(l));
	assert_string_equal(confidence_word(v.confidence), confidence_word(c));
}

static bool has_evidence(const char *part)
{
	int i;

	for (i = 0; i < v.n_evidence; i++)
		if (strstr(v.evidence[i], part))
			return true;
	return false;
}

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

static void icmp(int origin, int type, int code)
{
	r.attempt.icmp_origin = (uint8_t)origin;
	r.attempt.icmp_type = (uint8_t)type;
	r.attempt.icmp_code = (uint8_t)code;
	r.attempt.icmp_has_from = 1;
	r.attempt.icmp_from.b[15] = 9;
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

/* The policy and the phase, to the tick: what ends just then is that limit's, and says so. */
static int64_t predicted_ns(void)
{
	struct policy p = { .retries = r.attempt.retries,
			    .syncnt = r.attempt.syncnt,
			    .user_timeout_ms = r.attempt.user_timeout_ms,
			    .rto_max_ms = POLICY_RTO_MAX_MS_MAX,
			    .hz = 250,
			    .kernel = frame.kernel };
	struct schedule s;

	schedule_exact(&p, JIFFY, &s);
	return s.end * 4 * MS - MS;
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

static void pending(void **test)
{
	begin();
	sent_again(2);
	trace_attempt(&r.attempt, &r.more, &frame, &a);
	a.observed_until_ns = START + 4 * S;
	verdict_make(&a, &v);
	assert_int_equal(v.outcome, OUTCOME_PENDING);
	assert_int_equal(v.elapsed_ns, 4 * S);
	assert_int_equal(a.ended_ns, 0);
	assert_int_equal(a.n_syns, 3);
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
	a.may_be_sent_on = true;
	verdict_make(&a, &v);
	assert_verdict(OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, CONFIDENCE_LIKELY);
	assert_non_null(strstr(v.evidence[v.n_evidence - 1], "a NAT rule of this host may have sent it elsewhere"));
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
		cmocka_unit_test(refused),
		cmocka_unit_test(unreachable),
		cmocka_unit_test(no_neighbour),
		cmocka_unit_test(timed_out),
		cmocka_unit_test(soft_errors),
		cmocka_unit_test(soft_error_is_told),
		cmocka_unit_test(soft_errors_without_icmp),
		cmocka_unit_test(the_program_ended_it),
		cmocka_unit_test(lost_a_race),
		cmocka_unit_test(seen_gone),
		cmocka_unit_test(not_begun),
		cmocka_unit_test(no_port),
		cmocka_unit_test(not_the_kernels),
		cmocka_unit_test(pending),
		cmocka_unit_test(unsent),
		cmocka_unit_test(fast_open_that_wrote_nothing),
		cmocka_unit_test(fast_open_that_wrote_later),
		cmocka_unit_test(let_go),
		cmocka_unit_test(another_was_killed),
		cmocka_unit_test(reset_in_syn_received),
		cmocka_unit_test(error_that_was_read),
		cmocka_unit_test(segments_that_did_not_count),
		cmocka_unit_test(rejected_by_own_rule),
		cmocka_unit_test(reset_by_rule),
		cmocka_unit_test(no_neighbour_and_no_time),
		cmocka_unit_test(advised),
		cmocka_unit_test(other_segments),
		cmocka_unit_test(redirected),
		cmocka_unit_test(sent_on),
		cmocka_unit_test(drops),
		cmocka_unit_test(ignored),
		cmocka_unit_test(replies_in_order),
		cmocka_unit_test(lost_retransmissions),
		cmocka_unit_test(answered_late),
		cmocka_unit_test(crossed),
		cmocka_unit_test(limits_that_changed),
		cmocka_unit_test(count_before_user_timeout),
		cmocka_unit_test(whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
