/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Packets show what came back, and when the client fell
 * silent; they do not show who ended the wait.  So what an answer decided is
 * said as it was seen, and silence is judged by the sender's own schedule
 * (core/sender.h): a SYN that was due and did not come tells that nobody waited
 * any more, and whether all SYNs of a known default had been sent tells who had
 * stopped, likely (core/verdict_silence.c).  A silence that is too short for
 * that is an attempt that was still waiting.
 */
#include "core/verdict_wire.h"

#include "core/verdict_not_taken.h"
#include "core/verdict_outcome.h"
#include "core/verdict_remarks.h"
#include "core/verdict_replies.h"
#include "core/verdict_say.h"
#include "core/verdict_sender.h"
#include "core/verdict_silence.h"

#define MS ((int64_t)1000000)

/* A SYN that follows an RST sooner than that is no retransmission on time, but another try: Windows' takes 0.5 s. */
#define TRY_AGAIN_NS (800 * MS)
#define WINDOWS_TRY_NS (300 * MS)
#define WINDOWS_TRIES 2

int64_t last_syn_ns(const struct attempt *a)
{
	return a->n_syns > 0 && a->n_syns <= ATTEMPT_SYNS_MAX ? a->syn_ns[a->n_syns - 1] : 0;
}

void lost_sight(const struct attempt *a, struct verdict *v, const char *then)
{
	int last = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns - 1 : ATTEMPT_SYNS_MAX - 1;

	say_conclusion(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
	say_headline(v, "%d SYN%s, then %s", a->n_syns, say_plural(a->n_syns), then);
	v->elapsed_ns = last >= 0 ? a->syn_ns[last] - a->syn_ns[0] : 0;
	say_silence(a, v);
}

void still_waiting(const struct attempt *a, struct verdict *v)
{
	int n = attempt_syns_sent(a);

	say_conclusion(v, OUTCOME_PENDING, GAVE_UP_NOBODY, LIMIT_NONE,
		       a->socket_seen ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
	say_headline(v, "still waiting when the observation ended, after %d SYN%s", n, say_plural(n));
	say_silence(a, v);
}

static void wire_connected(const struct attempt *a, struct verdict *v)
{
	const struct reply *syn_ack = first_accepted(a, REPLY_SYN_ACK);

	if (connected_at_ns(a))
		v->elapsed_ns = connected_at_ns(a) - attempt_start_ns(a);
	else if (syn_ack)
		v->elapsed_ns = syn_ack->t_ns - attempt_start_ns(a);
	established(a, v, syn_ack && (a->ack_ns || a->connected) ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
	if (a->crossed)
		say_headline(v, "connected by a simultaneous open: both sides sent a SYN");
	say_not_taken(a, v);
	if (a->crossed && !a->ack_ns)
		say_evidence(v, "both sides sent a SYN, and the server's side a SYN-ACK that fits");
}

/* The last RST that fits; one that the client outlived may be marked late. */
static const struct reply *last_rst(const struct attempt *a)
{
	const struct reply *last = NULL;
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_RST &&
		    (a->replies[i].ignored == IGNORED_NOT || a->replies[i].ignored == IGNORED_LATE))
			last = &a->replies[i];
	return last;
}

int64_t next_syn_ns(const struct attempt *a, int64_t t_ns)
{
	int i;

	for (i = 1; i < a->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		if (a->syn_ns[i] > t_ns)
			return a->syn_ns[i];
	return 0;
}

/* The RST that ended it; NULL where there is none, or the client went on as if there were none. */
static const struct reply *ending_rst(const struct attempt *a)
{
	const struct reply *first = first_accepted(a, REPLY_RST), *last = first ? last_rst(a) : NULL;
	int64_t next = last ? next_syn_ns(a, last->t_ns) : 0;

	return next && next - last->t_ns > TRY_AGAIN_NS ? NULL : first;
}

/* SYNs that followed the RST, with the same ISN. */
static void say_tries(const struct attempt *a, struct verdict *v, const struct reply *rst)
{
	int64_t after = next_syn_ns(a, rst->t_ns) - rst->t_ns;
	int i, n = 0;
	char t[SAY_SECONDS_LEN];

	for (i = 1; i < a->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		n += a->syn_ns[i] > rst->t_ns;
	if (n)
		say_evidence(v, "%d more SYN%s of the same ISN followed the RST, the first %s after it%s", n,
			     say_plural(n), say_span(after, t),
			     after >= WINDOWS_TRY_NS && after <= TRY_AGAIN_NS && n <= WINDOWS_TRIES
				     ? ": so does Windows, which tries a refused connection twice again"
				     : "");
}

static void wire_refused(const struct attempt *a, struct verdict *v, const struct reply *rst)
{
	const struct reply *syn_ack = fitting_syn_ack(a);
	int64_t last_ns = last_rst(a)->t_ns;
	bool unanswered = last_syn_ns(a) > last_ns;

	v->elapsed_ns = (unanswered ? last_syn_ns(a) : last_ns) - attempt_start_ns(a);
	refused(a, v, syn_ack || unanswered ? CONFIDENCE_LIKELY : CONFIDENCE_CERTAIN);
	say_tries(a, v, rst);
	if (!syn_ack)
		return;
	if (is_of_other_origin(a, rst->t_ns, rst->ttl)) {
		v->gave_up_by = GAVE_UP_NETWORK;
		say_headline(v, "an RST of a middlebox, likely, ended it: the server had sent a SYN-ACK");
		say_advice(v,
			   "a firewall or filter between client and server: find it by the RST's TTL (`traceroute`)");
	} else {
		say_headline(v, "an RST ended it, though the server sent a SYN-ACK too");
		say_evidence(v, "a SYN-ACK that fits came too, from the same distance");
	}
}

bool refuses_syn_ack(const struct attempt *a)
{
	int i;

	if (!a->client_rst_ns || a->client_rst_ns < last_syn_ns(a))
		return false;
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_SYN_ACK && a->replies[i].ignored == IGNORED_LATE &&
		    a->replies[i].t_ns <= a->client_rst_ns)
			return true;
	return false;
}

/* No reply decided it. */
static void judge_end(const struct attempt *a, struct verdict *v)
{
	int64_t until = a->replaced && a->ended_ns ? a->ended_ns : a->observed_until_ns;
	struct sender s;

	if (refuses_syn_ack(a)) {
		wire_sender(a, a->client_rst_ns, &s);
		judge_client_rst(a, &s, v);
		return;
	}
	wire_sender(a, until, &s);
	if (s.settled)
		judge_silence(a, &s, v);
	else if (a->replaced)
		lost_sight(a, v, "another attempt from the same port; who ended this one was not seen");
	else if (a->evicted)
		lost_sight(a, v, "it was followed no more: too many attempts at once");
	else
		still_waiting(a, v);
}

void judge_wire(const struct attempt *a, struct verdict *v)
{
	const struct reply *rst = ending_rst(a), *icmp = last_icmp(a);

	v->elapsed_ns = a->observed_until_ns - attempt_start_ns(a);
	if (a->connected || a->ack_ns || (a->crossed && first_accepted(a, REPLY_SYN_ACK))) {
		wire_connected(a, v);
	} else if (rst) {
		wire_refused(a, v, rst);
	} else if (icmp && icmp->t_ns >= last_syn_ns(a)) {
		v->elapsed_ns = icmp->t_ns - attempt_start_ns(a);
		if (is_port_unreachable(icmp))
			refused(a, v, CONFIDENCE_LIKELY);
		else
			unreachable(a, v, CONFIDENCE_LIKELY);
	} else {
		judge_end(a, v);
	}
	if (!v->wordless)
		wire_remarks(a, v);
}
