/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_silence.h"

#include <errno.h>

#include "core/verdict_not_taken.h"
#include "core/verdict_outcome.h"
#include "core/verdict_replies.h"
#include "core/verdict_say.h"
#include "core/verdict_schedule.h"
#include "core/verdict_sender.h"
#include "core/verdict_wire.h"

#define MS ((int64_t)1000000)
#define SECOND ((int64_t)1000000000)

#define TTL_UNIX_MAX 64
#define TTL_WINDOWS_MAX 128
#define OLD_WINDOWS_RTO_NS (3 * SECOND + SECOND / 4)

/* Some that fit had SYNs left to send; after a single one everybody has. */
static bool stopped_early(const struct attempt *a, const struct sender *s)
{
	return a->n_syns == 1 || (s->fits & ~s->over && !s->spent);
}

/* Windows alone would have been through with it, and whether it is Windows is not known. */
static bool is_ambiguous(const struct attempt *a, const struct sender *s)
{
	return !a->syn_ttl && !(s->spent & ~SENDERS_WINDOWS) && s->fits & ~s->over & ~SENDERS_WINDOWS;
}

static bool is_spent(const struct attempt *a, const struct sender *s)
{
	return s->spent && !is_ambiguous(a, s);
}

static void timed_out(struct verdict *v)
{
	say_conclusion(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_LIKELY);
	v->error = ETIMEDOUT;
}

static void kernel_stopped(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	char text[SENDER_TEXT_LEN], syns[SENDER_SPAN_LEN];
	uint32_t kinds;

	timed_out(v);
	if (v->wordless)
		return;
	kinds = say_wheel(a, s, v, s->spent);
	say_headline(v, "%s, then silence: the kernel gave up, consistent with %s", say_syns(a, syns),
		     sender_text(s, kinds, a->n_syns, text));
	say_spent(a, s, v, kinds);
	say_advice(v,
		   "nothing ended the wait: a capture nearer to the server shows where SYNs or answers are lost; to "
		   "wait less, %s or a timer in the client",
		   s->spent & SENDERS_LINUX	? "tcp_syn_retries, TCP_USER_TIMEOUT"
		   : s->spent & SENDERS_WINDOWS ? "MaxSynRetransmissions"
						: "net.inet.tcp.keepinit");
}

/* Nothing but its TTL tells of the sender. */
static void single_syn(const struct attempt *a, struct verdict *v)
{
	int64_t until = a->replaced && a->ended_ns ? a->ended_ns : a->observed_until_ns;

	if (not_taken(a)) {
		say_headline(v, "the application gave up, likely, before SYN 1 was due: it took no SYN-ACK");
		say_advice(v, "the limit is in the client, likely");
		return;
	}
	say_headline(v, "1 SYN, then silence: closed within a second, or not a TCP stack's (scanner, spoofed source)");
	if (a->syn_ttl > TTL_WINDOWS_MAX)
		say_evidence(v, "its TTL, %u, is not that of a common host; scanners start at 255", a->syn_ttl);
	else if (a->syn_ttl > TTL_UNIX_MAX && until - a->syn_ns[0] < OLD_WINDOWS_RTO_NS)
		say_evidence(v, "its TTL, %u, is Windows', of which older ones wait 3 s before SYN 1", a->syn_ttl);
	say_advice(
		v,
		"many of these from one source are a scan, from many sources a SYN flood; else a timer in the client");
}

static void application_stopped(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	char syns[SENDER_SPAN_LEN], due[SENDER_SPAN_LEN];

	say_conclusion(v, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, CONFIDENCE_LIKELY);
	if (v->wordless)
		return;
	say_stopped(a, s, v);
	if (a->n_syns == 1) {
		single_syn(a, v);
		return;
	}
	say_headline(v, "%s, then silence: the application gave up, likely, before SYN %d was due at %s",
		     say_syns(a, syns), a->n_syns, say_due(a, s, due));
	say_advice(v,
		   "the limit is in the client, likely; where SYNs or answers are lost, a capture nearer to the server "
		   "shows");
}

static void nobody_known(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	char syns[SENDER_SPAN_LEN];
	struct sender any;

	say_conclusion(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
	if (v->wordless)
		return;
	wire_sender_of_gaps(a, last_syn_ns(a), &any);
	say_headline(v, "%s%s, then silence; packets alone do not tell who gave up", say_syns(a, syns),
		     s->fits && s->over == s->fits ? ", more than any default"
		     : any.fits			   ? ""
						   : " as no known sender spaces them");
	say_unknown(a, s, v);
}

/* The client went on sending SYNs after a good SYN-ACK was seen. */
static bool went_on(const struct attempt *a, const struct reply *syn_ack)
{
	return last_syn_ns(a) > syn_ack->t_ns;
}

static void half_open(const struct attempt *a, struct verdict *v)
{
	const struct reply *last = NULL;
	int i, n = 0;
	char t[SAY_SECONDS_LEN];

	say_conclusion(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
	if (v->wordless)
		return;
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		if (a->replies[i].kind != REPLY_SYN_ACK || a->replies[i].ignored != IGNORED_NOT)
			continue;
		last = &a->replies[i];
		n++;
	}
	say_headline(v, "half-open: %d SYN-ACK%s, and no answer of the client", n, say_plural(n));
	say_evidence(
		v,
		"the source is spoofed, or its final ACK is lost before this point; the last SYN-ACK came %s after "
		"SYN 0",
		last ? say_tenths(last->t_ns - a->syn_ns[0], t) : "");
	say_advice(v, "many of these from many sources are a SYN flood; from one client, a way back that is lost or "
		      "filtered, or that this capture does not see");
}

static void not_reached(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	char syns[SENDER_SPAN_LEN];

	say_conclusion(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
	if (v->wordless)
		return;
	say_headline(v, "%s and SYN-ACKs, but no ACK: the SYN-ACKs do not reach the client", say_syns(a, syns));
	say_evidence(v, "the client sent further SYNs after a SYN-ACK that fits: it did not get it");
	if (stopped_early(a, s))
		say_evidence(v, "then it stopped: its application gave up, or the last SYN-ACK did reach it");
}

/* What did not end the wait. */
static void say_detours(const struct attempt *a, struct verdict *v)
{
	int hurried = v->wordless || !a->n_replies ? 0 : hurried_syn(a);
	char t[SAY_SECONDS_LEN];

	if (v->wordless)
		return;
	if (last_icmp(a))
		say_evidence(v, "an ICMP answered an earlier SYN, and the client went on: a soft error");
	if (first_accepted(a, REPLY_RST))
		say_evidence(v, "an RST that fits came, and the client went on as if there had been none");
	if (hurried)
		say_evidence(
			v,
			"SYN %d left %s after SYN %d, because of a reply that was ignored: all that follows came as "
			"much earlier",
			hurried, say_span(a->syn_ns[hurried] - a->syn_ns[hurried - 1], t), hurried - 1);
}

void judge_silence(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	const struct reply *syn_ack = first_accepted(a, REPLY_SYN_ACK);

	v->elapsed_ns = syns_took(a);
	say_detours(a, v);
	if (syn_ack && !went_on(a, syn_ack)) {
		half_open(a, v);
	} else if (syn_ack && !is_spent(a, s)) {
		not_reached(a, s, v);
	} else if (is_spent(a, s)) {
		kernel_stopped(a, s, v);
		if (syn_ack)
			say_evidence(v, "SYN-ACKs that fit were seen: they did not reach the client, for it went on");
	} else if (stopped_early(a, s)) {
		application_stopped(a, s, v);
	} else {
		nobody_known(a, s, v);
	}
	if (!v->wordless && not_taken_advice(a))
		say_advice(v, "look at %s", not_taken_advice(a));
	say_silence(a, v);
}

/* What the RST says beyond the silence before it. */
static void say_refusal(const struct attempt *a, struct verdict *v, const char *when)
{
	char t[SAY_SECONDS_LEN];

	say_evidence(v, "the client answered a SYN-ACK with an RST %s after SYN 0%s: no socket waited any more",
		     say_span(a->client_rst_ns - a->syn_ns[0], t), when);
}

static void left_before(const struct attempt *a, struct verdict *v, const char *when)
{
	char t[SAY_SECONDS_LEN];

	v->elapsed_ns = a->client_rst_ns - a->syn_ns[0];
	application_gave_up(a, v, CONFIDENCE_LIKELY);
	say_headline(v, "the application gave up, likely, before a SYN-ACK came %s after SYN 0",
		     say_span(v->elapsed_ns, t));
	say_refusal(a, v, when);
}

static void left_somehow(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	char syns[SENDER_SPAN_LEN];

	say_conclusion(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
	if (v->wordless)
		return;
	say_headline(v, "%s, then an RST to a late SYN-ACK; packets alone do not tell who gave up", say_syns(a, syns));
	say_refusal(a, v, "");
	if (is_spent(a, s))
		say_evidence(v, "by then some kernels of that schedule give up (BSD, macOS), and others still wait");
	else
		say_unknown(a, s, v);
}

void judge_client_rst(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	int64_t at_ns = a->client_rst_ns - a->syn_ns[0], late_ns = a->client_rst_ns - last_syn_ns(a),
		due_ns = s->due_min_ns;

	v->elapsed_ns = syns_took(a);
	say_detours(a, v);
	if (!s->fits && a->n_syns > 1) /* whatever stack it is, it does not wait less than before */
		due_ns = last_syn_ns(a) - a->syn_ns[a->n_syns - 2];
	if (is_spent(a, s) && s->end_max_ns <= at_ns) {
		kernel_stopped(a, s, v);
		say_refusal(a, v, "");
	} else if (is_spent(a, s) && s->end_min_ns <= at_ns) {
		left_somehow(a, s, v);
	} else if (is_spent(a, s)) {
		left_before(a, v, ", before the kernel's end was due");
	} else if (late_ns < due_ns - GIVE_UP_TOLERANCE_NS) {
		left_before(a, v, ", before the next SYN was due");
	} else if (stopped_early(a, s)) {
		application_stopped(a, s, v);
		say_refusal(a, v, "");
	} else {
		left_somehow(a, s, v);
	}
}

int64_t silent_end_ns(const struct attempt *a, const struct verdict *v)
{
	int64_t end_ns = 0;
	struct sender s;

	if (a->socket_seen || !last_syn_ns(a) || v->confidence != CONFIDENCE_LIKELY)
		return 0;
	wire_sender(a, last_syn_ns(a), &s);
	if (v->outcome == OUTCOME_TIMED_OUT)
		end_ns = s.end_max_ns;
	else if (v->outcome == OUTCOME_ABANDONED && s.due_max_ns)
		end_ns = syns_took(a) + s.due_max_ns;
	return refuses_syn_ack(a) && end_ns > a->client_rst_ns - a->syn_ns[0] ? 0 : end_ns;
}
