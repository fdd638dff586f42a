/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_sender.h"

#include <stdio.h>

#include "core/verdict_say.h"
#include "core/verdict_schedule.h"
#include "core/verdict_wire.h"

#define SECOND ((int64_t)1000000000)
#define WHEEL_SAYS_FROM 5 /* SYNs from which a fit to a timer wheel is no chance */

static void recognise(const struct attempt *a, int64_t until_ns, uint8_t ttl, struct sender *ret)
{
	const struct sender_sight sight = {
		.syn_ns = a->syn_ns,
		.n = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns : ATTEMPT_SYNS_MAX,
		.hurried = a->n_replies ? hurried_syn(a) : 0,
		.ttl = ttl,
		.silence_ns = until_ns - last_syn_ns(a),
	};

	sender_recognise(&sight, ret);
}

void wire_sender(const struct attempt *a, int64_t until_ns, struct sender *ret)
{
	recognise(a, until_ns, a->syn_ttl, ret);
}

void wire_sender_of_gaps(const struct attempt *a, int64_t until_ns, struct sender *ret)
{
	recognise(a, until_ns, 0, ret);
}

int64_t syns_took(const struct attempt *a)
{
	return last_syn_ns(a) - a->syn_ns[0];
}

char *say_syns(const struct attempt *a, char to[SENDER_SPAN_LEN])
{
	char t[SAY_SECONDS_LEN];

	if (a->n_syns == 1)
		snprintf(to, SENDER_SPAN_LEN, "1 SYN");
	else
		snprintf(to, SENDER_SPAN_LEN, "%d SYNs over %s", a->n_syns,
			 syns_took(a) < SECOND ? say_span(syns_took(a), t) : say_tenths(syns_took(a), t));
	return to;
}

char *say_due(const struct attempt *a, const struct sender *s, char to[SENDER_SPAN_LEN])
{
	char t[SAY_SECONDS_LEN], u[SAY_SECONDS_LEN];
	int64_t took = syns_took(a);

	if (s->due_min_ns == s->due_max_ns)
		snprintf(to, SENDER_SPAN_LEN, "%s", say_tenths(took + s->due_max_ns, t));
	else
		snprintf(to, SENDER_SPAN_LEN, "%s or %s", say_tenths(took + s->due_min_ns, t),
			 say_tenths(took + s->due_max_ns, u));
	return to;
}

uint32_t say_wheel(const struct attempt *a, const struct sender *s, struct verdict *v, uint32_t kinds)
{
	/* where the end of the linear timeouts was not seen, any number of them that reaches so far does */
	int linear = s->linear < 0 ? a->n_syns : s->linear;
	char hz[SENDER_HZ_LEN];
	unsigned int found;

	if (a->n_syns < WHEEL_SAYS_FROM || !s->first_rto_ms || !(kinds & SENDERS_LINUX) || hurried_syn(a))
		return kinds;
	found = sender_wheel(a->syn_ns, a->n_syns, s->first_rto_ms, linear);
	if (!found)
		return kinds;
	say_evidence(v, "the gaps are, to 2 ms (one SYN may be later), those of a Linux kernel's timers at HZ %s",
		     sender_hz_text(found, hz));
	return kinds & SENDERS_LINUX;
}

void say_spent(const struct attempt *a, const struct sender *s, struct verdict *v, uint32_t kinds)
{
	char text[SENDER_TEXT_LEN], due[SENDER_SPAN_LEN], t[SAY_SECONDS_LEN], u[SAY_SECONDS_LEN];

	say_evidence(v, "these are all the SYNs of %s; SYN %d, by a longer schedule due at %s, did not come",
		     sender_text(s, kinds, a->n_syns, text), a->n_syns, say_due(a, s, due));
	if (!(kinds & ~(SENDERS_LINUX | SENDERS_WINDOWS)) || s->end_min_ns == s->end_max_ns)
		say_evidence(v, "the kernel's end was due about %s after SYN 0; no packet shows it",
			     say_tenths(s->end_max_ns, t));
	else
		say_evidence(v, "the kernel's end was due about %s (BSD, macOS) or %s after SYN 0; no packet shows it",
			     say_tenths(s->end_min_ns, t), say_tenths(s->end_max_ns, u));
	if (kinds & SENDER_BIT(SENDER_LINUX_LINEAR) && a->n_syns < sender_budget(SENDER_LINUX_LINEAR, 0))
		say_evidence(v, "a kernel with a timer wheel, which these gaps do not show, would go on to %d SYNs",
			     sender_budget(SENDER_LINUX_LINEAR, 0));
	say_evidence(v, "a sender with SYNs left whose application left between %s and %s would look the same",
		     say_tenths(syns_took(a), t), say_tenths(syns_took(a) + s->due_max_ns, u));
}

/* The tcp_syn_retries with which Linux would have sent just these SYNs, or 0. */
static int retries_of(const struct attempt *a, const struct sender *s)
{
	struct schedule one;
	struct policy p;

	if (!(s->fits & SENDERS_LINUX) || (s->fits & SENDER_BIT(SENDER_LINUX_OTHER) && s->linear < 0))
		return 0;
	policy_default(s->first_rto_ms > 1000 ? KERNEL_VERSION_OF(3, 0) : 0, &p);
	if (s->linear >= 0)
		p.linear = s->linear;
	else if (s->fits & SENDER_BIT(SENDER_LINUX_6))
		p.linear = 0;
	for (p.retries = 1; p.retries <= a->n_syns; p.retries++) {
		schedule_nominal(&p, &one);
		if (one.n == a->n_syns)
			return p.retries;
	}
	return 0;
}

static void say_alternative(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	int retries = retries_of(a, s);

	if (s->wheel)
		say_evidence(v,
			     "by its defaults such a kernel goes on to %d SYNs; TCP_USER_TIMEOUT would look the same",
			     sender_budget(SENDER_LINUX_LINEAR, 0));
	else if (retries)
		say_evidence(
			v,
			"a sender with tcp_syn_retries %d, or TCP_SYNCNT or TCP_USER_TIMEOUT set, would look the same",
			retries);
	else if (s->fits & SENDERS_LINUX)
		say_evidence(v, "a sender with TCP_USER_TIMEOUT set would look the same");
	else if (s->fits & SENDERS_WINDOWS)
		say_evidence(v, "a sender with MaxSynRetransmissions %d would look the same", a->n_syns - 1);
	else
		say_evidence(v, "a sender with a shorter net.inet.tcp.keepinit would look the same");
}

/* The fewest SYNs that a sender sends by its defaults which fits and had some left. */
static int least_budget(const struct sender *s)
{
	int kind, n, least = 0;

	for (kind = 0; kind < SENDER_N; kind++) {
		n = sender_budget((enum sender_kind)kind, s->linear);
		if (s->fits & ~s->over & SENDER_BIT(kind) && (!least || n < least))
			least = n;
	}
	return least;
}

void say_stopped(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	char text[SENDER_TEXT_LEN], due[SENDER_SPAN_LEN], t[SAY_SECONDS_LEN], u[SAY_SECONDS_LEN];
	uint32_t kinds = s->fits & ~s->over;

	if (a->n_syns == 1) {
		say_evidence(v, "SYN 1 was due %s after SYN 0 and did not come", say_due(a, s, due));
		return;
	}
	say_evidence(v, "SYN %d was due %s after SYN 0 and did not come: the wait ended between %s and %s", a->n_syns,
		     say_due(a, s, due), say_tenths(syns_took(a), t), say_tenths(syns_took(a) + s->due_max_ns, u));
	kinds = say_wheel(a, s, v, kinds);
	say_evidence(v, "the gaps fit %s: at least %d SYNs by default", sender_text(s, kinds, a->n_syns, text),
		     least_budget(s));
	say_alternative(a, s, v);
}

void say_unknown(const struct attempt *a, const struct sender *s, struct verdict *v)
{
	char text[SENDER_TEXT_LEN];
	struct sender any;

	wire_sender_of_gaps(a, last_syn_ns(a), &any);
	any.spent = 0; /* names alone */
	if (s->fits && s->over == s->fits)
		say_evidence(v, "the gaps fit %s, but that sends fewer SYNs by its defaults",
			     sender_text(s, s->fits, a->n_syns, text));
	else if (s->spent)
		say_evidence(
			v,
			"these are all the SYNs of %s, and others send more; the TTL, which would tell, is not known",
			sender_text(s, s->spent, a->n_syns, text));
	else if (any.fits)
		say_evidence(v, "the gaps fit %s, but the TTL, %u, does not",
			     sender_text(&any, any.fits, a->n_syns, text), a->syn_ttl);
	else
		say_evidence(v, "the gaps between the SYNs fit no schedule that is known");
}
