/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_inbound_verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/buf.h"
#include "util/duration.h"

static void say(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->headline, sizeof(v->headline), fmt, ap);
	va_end(ap);
}

static void answered(const struct attempt *a, const struct digest *d, struct verdict *v)
{
	const struct reply *r = digest_answer(a);
	double after = r ? (double)(r->t_ns - attempt_start_ns(a)) / NS_PER_S : 0;

	v->elapsed_ns = r ? r->t_ns - attempt_start_ns(a) : d->elapsed_ns;
	if (d->n_synacks > 1) {
		v->outcome = OUTCOME_UNANSWERED;
		v->gave_up_by = GAVE_UP_UNKNOWN;
		say(v, "its SYN-ACK was sent %d times: no ACK came to it, or none in time", d->n_synacks);
		return;
	}
	v->outcome = OUTCOME_ESTABLISHED;
	v->gave_up_by = GAVE_UP_NOBODY;
	v->confidence = CONFIDENCE_LIKELY;
	say(v, "answered late, after %.2f s and %d SYN%s", after, d->n_syns, d->n_syns == 1 ? "" : "s");
}

void watch_inbound_verdict(const struct attempt *a, const struct digest *d, const struct drop *drop,
			   struct verdict *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->elapsed_ns = d->elapsed_ns;
	ret->confidence = CONFIDENCE_CERTAIN;
	if (d->answer == REPLY_SYN_ACK) {
		answered(a, d, ret);
	} else if (d->answer == REPLY_NONE) {
		ret->outcome = OUTCOME_UNANSWERED;
		ret->gave_up_by = GAVE_UP_UNKNOWN;
		say(ret,
		    drop ? "ignored" : "ignored, and no drop was seen: a full queue of the listener, or no way back");
	} else {
		ret->outcome = OUTCOME_REFUSED;
		ret->gave_up_by = GAVE_UP_PEER;
		say(ret, "%s",
		    d->answer == REPLY_ICMP ? "refused with an ICMP"
		    : drop		    ? "refused with an RST, by a rule"
					    : "refused with an RST: nothing listens there");
	}
}
