/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/trace_made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

struct watch_record r;
struct attempt a;
struct verdict v;

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

struct watch_attempt *begin(void)
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

void six(void)
{
	r.attempt.flow.family = 6;
	r.attempt.flow.client = (struct watch_addr){ { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
	r.attempt.flow.server = (struct watch_addr){ { 0x20, 1, 0xd, 0xb8, [15] = 2 } };
}

void sent_again(int n)
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

void ended(int64_t after_ns, int by, int error)
{
	r.attempt.how = WATCH_ENDED;
	r.attempt.by = (uint8_t)by;
	r.attempt.error = error;
	r.attempt.end_ns = (uint64_t)(BEGUN + after_ns);
}

struct watch_drop *dropped(uint32_t why, uint32_t packets)
{
	struct watch_drop *d = &r.more.drops[r.attempt.n_drops++];

	r.attempt.has_more = 1;
	*d = (struct watch_drop){ .original = 1,
				  .first_ns = BEGUN + 10 * US,
				  .last_ns = BEGUN + 31409 * MS,
				  .location = 0xffffffff81234567,
				  .reason = why,
				  .packets = packets,
				  .netns = NETNS,
				  .ifindex = 2 };
	return d;
}

void icmp(int origin, int type, int code)
{
	r.attempt.icmp_origin = (uint8_t)origin;
	r.attempt.icmp_type = (uint8_t)type;
	r.attempt.icmp_code = (uint8_t)code;
	r.attempt.icmp_has_from = 1;
	r.attempt.icmp_from.b[15] = 9;
}

void told(void)
{
	trace_attempt(&r.attempt, r.attempt.has_more ? &r.more : NULL, &frame, &a);
	verdict_make(&a, &v);
}

int64_t predicted_ns(void)
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

void assert_verdict(enum outcome o, enum gave_up_by by, enum limit l, enum confidence c)
{
	assert_string_equal(outcome_word(v.outcome), outcome_word(o));
	assert_string_equal(gave_up_by_word(v.gave_up_by), gave_up_by_word(by));
	assert_string_equal(limit_word(v.limit), limit_word(l));
	assert_string_equal(confidence_word(v.confidence), confidence_word(c));
}

bool has_evidence(const char *part)
{
	int i;

	for (i = 0; i < v.n_evidence; i++)
		if (strstr(v.evidence[i], part))
			return true;
	return false;
}
