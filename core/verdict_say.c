/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_say.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "util/buf.h"

#define MS ((int64_t)1000000)
#define SECOND ((int64_t)1000000000)

void say_evidence_text(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	if (v->n_evidence == VERDICT_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(v->evidence[v->n_evidence++], sizeof(v->evidence[0]), fmt, ap);
	va_end(ap);
}

void say_headline_text(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->headline, sizeof(v->headline), fmt, ap);
	va_end(ap);
}

void say_advice_text(struct verdict *v, bool remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	v->advice_is_remedy = remedy;
	vsnprintf(v->advice, sizeof(v->advice), fmt, ap);
	va_end(ap);
}

void say_conclusion(struct verdict *v, enum outcome o, enum gave_up_by g, enum limit l, enum confidence c)
{
	v->outcome = o;
	v->gave_up_by = g;
	v->limit = l;
	v->confidence = c;
}

const char *say_plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

char *say_seconds(int64_t ns, char to[SAY_SECONDS_LEN])
{
	int64_t ms = (imaxabs(ns) + MS / 2) / MS;

	snprintf(to, SAY_SECONDS_LEN, "%s%" PRId64 ".%03d s", ns < 0 && ms ? "-" : "", ms / 1000, (int)(ms % 1000));
	return to;
}

char *say_tenths(int64_t ns, char to[SAY_SECONDS_LEN])
{
	int64_t tenths = (imaxabs(ns) + 50 * MS) / (100 * MS);

	snprintf(to, SAY_SECONDS_LEN, "%s%" PRId64 ".%d s", ns < 0 && tenths ? "-" : "", tenths / 10,
		 (int)(tenths % 10));
	return to;
}

char *say_span(int64_t ns, char to[SAY_SECONDS_LEN])
{
	int64_t us = imaxabs(ns) / 1000;

	if (imaxabs(ns) >= SECOND)
		return say_seconds(ns, to);
	if (us < 1000)
		snprintf(to, SAY_SECONDS_LEN, "%s0.%0*d ms", ns < 0 && us ? "-" : "", us < 10 ? 3 : 2,
			 (int)(us < 10 ? us : us / 10));
	else
		snprintf(to, SAY_SECONDS_LEN, "%s%d.%d ms", ns < 0 ? "-" : "", (int)(imaxabs(ns) / MS),
			 (int)(imaxabs(ns) % MS / 100000));
	return to;
}

static void add_change(struct buf *to, const char *name, int64_t before, int64_t now, const char *unit)
{
	if (before != now)
		buf_fmt(to, "%s%s %" PRId64 " to %" PRId64 "%s", to->len ? ", " : "", name, before, now, unit);
}

bool say_change(const struct attempt *a, struct verdict *v)
{
	const struct policy *was = &a->policy_before, *is = &a->policy;
	struct buf what = { 0 };

	if (!a->limits_changed)
		return false;
	add_change(&what, "tcp_syn_retries", was->retries, is->retries, "");
	add_change(&what, "tcp_syn_linear_timeouts", was->linear, is->linear, "");
	add_change(&what, "TCP_SYNCNT", was->syncnt, is->syncnt, "");
	add_change(&what, "TCP_USER_TIMEOUT", was->user_timeout_ms, is->user_timeout_ms, " ms");
	add_change(&what, "the longest RTO", was->rto_max_ms, is->rto_max_ms, " ms");
	say_evidence(v, "its limits changed while it waited (%s): no instant predicted at SYN 0 holds",
		     buf_text(&what));
	buf_fini(&what);
	return true;
}

void say_distance(const struct attempt *a, struct verdict *v, const char *what)
{
	bool exact;
	int64_t due_ns = verdict_predict_end(a, &exact), d = v->elapsed_ns - due_ns;
	char from[SAY_SECONDS_LEN], to[SAY_SECONDS_LEN], due[SAY_SECONDS_LEN];

	if (say_change(a, v) || !due_ns || !exact || a->crossed)
		return;
	if (a->end == ATTEMPT_END_CLOSE && a->unseen_ns)
		say_evidence(v, "%s between %s and %s after SYN 0; the kernel's end was predicted for %s", what,
			     say_seconds(v->elapsed_ns - a->unseen_ns, from), say_seconds(v->elapsed_ns, to),
			     say_seconds(due_ns, due));
	else if (imaxabs(d) < MS / 10)
		say_evidence(v, "%s at the instant predicted at SYN 0, to 0.1 ms", what);
	else
		say_evidence(v, "%s %" PRId64 ".%d ms %s the instant predicted at SYN 0", what,
			     (int64_t)imaxabs(d) / MS, (int)(imaxabs(d) % MS / 100000), d < 0 ? "before" : "after");
}
