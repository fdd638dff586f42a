/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/lab_show.h"

#include <inttypes.h>
#include <stdio.h>

#define MS_PER_NS 1e-6

static const char *const kinds[EVENT_KIND_N] = {
	[EVENT_SEGMENT] = "segment",
	[EVENT_ICMP] = "icmp",
	[EVENT_CONNECT] = "connect",
	[EVENT_STATE] = "state",
	[EVENT_RETRANSMIT] = "retransmit",
	[EVENT_RESULT] = "result",
	[EVENT_CLOSE] = "close",
	[EVENT_LEFT] = "left",
	[EVENT_EXIT] = "exit",
	[EVENT_DROP] = "drop",
	[EVENT_COUNTER] = "counter",
	[EVENT_LOST] = "lost",
};

static void line(struct buf *b)
{
	fprintf(stderr, "synsent: lab: %s\n", buf_text(b));
	buf_reset(b);
}

static void times(const struct lab_show *s, const struct lab_end *end, struct buf *b)
{
	buf_fmt(b, "sandbox made in %.1f ms, stage set in %.1f ms, taken down in %.1f ms",
		(double)s->o.sandbox_ns * MS_PER_NS, (double)end->setup_ns * MS_PER_NS,
		(double)end->teardown_ns * MS_PER_NS);
	line(b);
}

static void rules(const struct lab_end *end, struct buf *b)
{
	char text[160];
	int i;

	for (i = 0; i < end->n_rules; i++) {
		firewall_nft_text(&end->rules[i].rule, text, sizeof(text));
		buf_fmt(b, "nft rule %d, hook %s: %s; %" PRIu64 " packets", i + 1,
			end->rules[i].rule.hook == HOOK_INPUT ? "input" : "output", text, end->rules[i].packets);
		line(b);
	}
}

static void add_option(struct buf *b, const char *name, int64_t value, const char *unit)
{
	if (value)
		buf_fmt(b, ", %s %" PRId64 "%s", name, value, unit);
	else
		buf_fmt(b, ", %s not set", name);
}

static void policy(const struct attempt *a, struct buf *b)
{
	const struct policy *p = &a->policy;

	if (!a->has_policy)
		return;
	buf_fmt(b, "policy: tcp_syn_retries %d, tcp_syn_linear_timeouts %d, RTO max %d ms, HZ %d", p->retries,
		p->linear, p->rto_max_ms, p->hz);
	add_option(b, "TCP_SYNCNT", p->syncnt, "");
	add_option(b, "TCP_USER_TIMEOUT", p->user_timeout_ms, " ms");
	if (p->rto_first_j)
		buf_fmt(b, ", first RTO %d jiffies", p->rto_first_j);
	line(b);
	if (!a->has_phase)
		return;
	buf_fmt(b, "SYN 0 left %.3f ms into jiffy %" PRIu64 ", so the prediction is exact",
		(double)a->phase_edge_ns * MS_PER_NS, a->phase);
	line(b);
}

static void ledger(const struct lab_show *s, const struct lab_end *end, struct buf *b)
{
	const struct tracker_counts *c = &end->counts;

	uint64_t all = 0;
	int i;

	for (i = 0; i < EVENT_KIND_N; i++)
		all += s->n_events[i];
	buf_fmt(b, "packets: %" PRIu64 " seen, %" PRIu64 " of them of the client under study, %" PRIu64 " lost",
		s->n_packets, s->n_studied_packets, s->lost);
	line(b);
	buf_fmt(b, "events: %" PRIu64 " in all", all);
	for (i = 0; i < EVENT_KIND_N; i++)
		if (s->n_events[i] && kinds[i])
			buf_fmt(b, ", %" PRIu64 " %s", s->n_events[i], kinds[i]);
	line(b);
	buf_fmt(b,
		"tracker: %" PRIu64 " events made %" PRIu64 " attempts; %" PRIu64 " belonged to none, %" PRIu64
		" were duplicates, %" PRIu64 " lost, %" PRIu64 " attempts given early",
		c->events, c->attempts, c->unmatched, c->duplicates, c->lost, c->evicted);
	line(b);
}

void lab_talk(struct lab_show *s, const struct lab_end *end)
{
	struct buf b = { 0 };

	times(s, end, &b);
	rules(end, &b);
	if (s->n_attempts)
		policy(&s->attempts[s->n_attempts - 1], &b);
	ledger(s, end, &b);
	buf_fini(&b);
}
