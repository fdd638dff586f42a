/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_inbound_verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/duration.h"

static void say(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->headline, sizeof(v->headline), fmt, ap);
	va_end(ap);
}

static void prove(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void prove(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->evidence[v->n_evidence], sizeof(v->evidence[0]), fmt, ap);
	va_end(ap);
	v->n_evidence++;
}

/* An answer that took longer came late, whatever SYN it answers. */
#define LATE_NS (500 * NS_PER_MS)

/* TCP_RTO_MIN: who waits sends nothing again before. */
#define AGAIN_NS (200 * NS_PER_MS)

bool watch_inbound_at_once(const struct attempt *a, const struct digest *d)
{
	const struct reply *r = digest_answer(a);
	int64_t start_ns = attempt_start_ns(a), last_ns = start_ns;
	int i;

	if (d->answer != REPLY_SYN_ACK)
		return false;
	if (d->n_syns < 2 && d->n_synacks < 2)
		return !r || r->t_ns - start_ns <= LATE_NS;
	for (i = 0; i < a->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		if (a->syn_ns[i] > last_ns)
			last_ns = a->syn_ns[i];
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_SYN_ACK && a->replies[i].t_ns > last_ns)
			last_ns = a->replies[i].t_ns;
	return r && a->n_replies <= ATTEMPT_REPLIES_MAX && last_ns - start_ns < AGAIN_NS;
}

/* From SYN 0 to the last SYN-ACK that was sent for want of an ACK. */
static int64_t waited_ns(const struct attempt *a)
{
	int64_t last_ns = attempt_start_ns(a);
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_SYN_ACK)
			last_ns = a->replies[i].t_ns;
	return last_ns - attempt_start_ns(a);
}

static void answered(const struct attempt *a, const struct digest *d, struct verdict *v)
{
	const struct reply *r = digest_answer(a);
	double after = r ? (double)(r->t_ns - attempt_start_ns(a)) / NS_PER_S : 0;

	v->elapsed_ns = r ? r->t_ns - attempt_start_ns(a) : d->elapsed_ns;
	if (d->n_synacks > 1) {
		v->elapsed_ns = waited_ns(a);
		v->outcome = OUTCOME_UNANSWERED;
		v->gave_up_by = GAVE_UP_UNKNOWN;
		v->confidence = CONFIDENCE_UNKNOWN;
		say(v, "its SYN-ACK was sent %d times: no ACK came in time, or none with data (TCP_DEFER_ACCEPT)",
		    d->n_synacks);
		return;
	}
	v->outcome = OUTCOME_ESTABLISHED;
	v->gave_up_by = GAVE_UP_NOBODY;
	v->confidence = CONFIDENCE_LIKELY;
	say(v, "answered late, after %.2f s and %d SYN%s", after, d->n_syns, d->n_syns == 1 ? "" : "s");
}

static void ignored(const struct watch_inbound_known *known, struct verdict *v)
{
	const struct drop *d = known->drop;

	v->outcome = OUTCOME_UNANSWERED;
	v->gave_up_by = GAVE_UP_UNKNOWN;
	v->confidence = CONFIDENCE_UNKNOWN;
	if (d)
		say(v, d->reply ? "its answer was lost" : "ignored");
	else if (known->sees_drops)
		say(v, "ignored, and no drop was seen: a full queue of the listener, or no way back");
	else if (known->sees_rules)
		say(v, "ignored, and no rule was seen that dropped it: a full queue of the listener, no way back, or "
		       "another drop");
	else
		say(v, "ignored: by a rule, for a full queue of the listener, or for want of a way back");
	if (d && d->place == DROP_PEER_BACKLOG)
		snprintf(v->advice, sizeof(v->advice), "%s", verdict_queue_advice(d));
}

static bool is_by_rule(const struct drop *d)
{
	return d && (d->rule[0] || !strcmp(d->reason, "NETFILTER_DROP"));
}

/* SYNs are further from each other, and the clocks of packets and of drops nearer. */
#define REJECTS_WITHIN_NS (100 * NS_PER_MS)

/* Other drops are no refusal: a SYN that was lost before the one that was refused, as by a rule with a limit. */
static bool is_refusal(const struct attempt *a, const struct drop *d)
{
	const struct reply *r = digest_answer(a);

	return is_by_rule(d) && (!d->last_ns || !r || imaxabs(r->t_ns - d->last_ns) < REJECTS_WITHIN_NS);
}

static bool sees_rules(const struct watch_inbound_known *known)
{
	return known->sees_drops || known->sees_rules;
}

static void refused(const struct attempt *a, const struct digest *d, const struct watch_inbound_known *known,
		    struct verdict *v)
{
	const char *how = d->answer == REPLY_ICMP ? "an ICMP" : "an RST";
	char server[ENDPOINT_TEXT_LEN];

	v->outcome = OUTCOME_REFUSED;
	v->gave_up_by = GAVE_UP_PEER;
	v->confidence = CONFIDENCE_LIKELY;
	if (is_refusal(a, known->drop)) {
		v->confidence = CONFIDENCE_CERTAIN;
		say(v, "refused with %s, by a rule", how);
		return;
	}
	if (d->answer == REPLY_ICMP) {
		/* TCP itself sends none to a SYN. */
		say(v, "refused with %s: a rule or a route rejects it", how);
	} else if (known->nobody_listens) {
		v->confidence = sees_rules(known) ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;
		say(v, "refused with %s: nothing listens there", how);
		prove(v, "sock_diag: no listener for %s in the network namespace that it came to",
		      endpoint_format(&a->flow.server, server));
	} else {
		say(v, "refused with %s: nothing listens there, or a rule rejects it", how);
	}
	if (is_by_rule(known->drop))
		prove(v, "the rule that dropped a SYN of it did so at another time");
	else
		prove(v, sees_rules(known) ? "no rule was seen that dropped its SYN"
					   : "drops are not seen here, so not whether a rule dropped its SYN");
}

void watch_inbound_verdict(const struct attempt *a, const struct digest *d, const struct watch_inbound_known *known,
			   struct verdict *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->elapsed_ns = d->elapsed_ns;
	if (d->answer == REPLY_SYN_ACK)
		answered(a, d, ret);
	else if (d->answer == REPLY_NONE)
		ignored(known, ret);
	else
		refused(a, d, known, ret);
}

bool watch_inbound_repeated(const struct digest *d, const struct drop *drop)
{
	return d->answer == REPLY_SYN_ACK && drop_is_as_of_repeated_syn(drop);
}

bool watch_inbound_answer_is_lost(const struct digest *d, const struct drop *drop)
{
	return (d->answer == REPLY_NONE || d->answer == REPLY_SYN_ACK) && strncmp(drop->function, "tcp_", 4) != 0;
}
