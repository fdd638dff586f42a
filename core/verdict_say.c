/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_say.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/verdict_replies.h"
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

void say_advice_text(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
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
	if (imaxabs(ns) >= SECOND)
		return say_seconds(ns, to);
	snprintf(to, SAY_SECONDS_LEN, "%s%d.%d ms", ns < 0 ? "-" : "", (int)(imaxabs(ns) / MS),
		 (int)(imaxabs(ns) % MS / 100000));
	return to;
}

void say_distance(const struct attempt *a, struct verdict *v, const char *what)
{
	int64_t d = v->elapsed_ns - v->predicted_end_ns;
	char from[SAY_SECONDS_LEN], to[SAY_SECONDS_LEN], due[SAY_SECONDS_LEN];

	if (!v->predicted_end_ns || !v->predicted_exact)
		return;
	if (a->end == ATTEMPT_END_CLOSE && a->unseen_ns)
		say_evidence(v, "%s between %s and %s after SYN 0; the kernel's end was predicted for %s", what,
			     say_seconds(v->elapsed_ns - a->unseen_ns, from), say_seconds(v->elapsed_ns, to),
			     say_seconds(v->predicted_end_ns, due));
	else if (imaxabs(d) < MS / 10)
		say_evidence(v, "%s at the instant predicted at SYN 0, to 0.1 ms", what);
	else
		say_evidence(v, "%s %" PRId64 ".%d ms %s the instant predicted at SYN 0", what,
			     (int64_t)imaxabs(d) / MS, (int)(imaxabs(d) % MS / 100000), d < 0 ? "before" : "after");
}

static void say_ignored(const struct attempt *a, struct verdict *v)
{
	int n[IGNORED_N] = { 0 }, i, ignored = 0;
	struct buf why = { 0 };

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		n[a->replies[i].ignored]++;
		ignored += a->replies[i].ignored != IGNORED_NOT && a->replies[i].ignored != IGNORED_DROPPED;
	}
	if (n[IGNORED_DROPPED])
		say_evidence(v, "%d repl%s came back and %s dropped on this host", n[IGNORED_DROPPED],
			     n[IGNORED_DROPPED] == 1 ? "y" : "ies", n[IGNORED_DROPPED] == 1 ? "was" : "were");
	for (i = IGNORED_NOT + 1; i < IGNORED_N; i++) {
		if (!n[i] || i == IGNORED_DROPPED)
			continue;
		if (n[i] != ignored)
			buf_fmt(&why, "%s%d ", why.len ? ", " : "", n[i]);
		buf_str(&why, ignored_word((enum ignored)i));
	}
	if (ignored)
		say_evidence(v, "%d repl%s ignored: %s", ignored, ignored == 1 ? "y was" : "ies were", buf_text(&why));
	buf_fini(&why);
	if (a->n_replies > ATTEMPT_REPLIES_MAX)
		say_evidence(v, "%d replies in all; the first %d were looked at", a->n_replies, ATTEMPT_REPLIES_MAX);
}

/* The kernel's tracepoints tell what reached the socket; what was lost before it has its own rows. */
static void say_traced(const struct attempt *a, struct verdict *v)
{
	bool six = a->flow.server.addr.family == 6;
	const char *plural = say_plural(a->n_syns);

	const struct reply *icmp = last_icmp(a);
	char t[SAY_SECONDS_LEN];

	if (a->soft_error && !icmp)
		say_evidence(v,
			     "its socket had noted %s, and went on: an ICMP%s came, or a route failed, then or in an "
			     "earlier attempt of that socket",
			     errno_name(a->soft_error), six ? "v6" : "");
	else if (icmp && (a->soft_unshown || (a->soft_error && six)))
		say_evidence(v,
			     "icmp%s %u/%u came %s after SYN 0, a soft error: the socket went on, and polling does not "
			     "show it",
			     six ? "6" : "", icmp->icmp_type, icmp->icmp_code,
			     say_span(icmp->t_ns - attempt_start_ns(a), t));
	else if (!a->n_replies && a->n_syns && six)
		say_evidence(
			v,
			"no SYN-ACK or RST reached the socket (%d SYN%s), and it has noted no ICMPv6; one that the "
			"program asked it for would be forgotten",
			a->n_syns, plural);
	else if (!a->n_replies && a->n_syns)
		say_evidence(v, "no reply reached the socket (%d SYN%s)", a->n_syns, plural);
	if (a->late_found)
		say_evidence(v, "its connect() was not seen: before the observation, or its event was lost");
}

void say_silence(const struct attempt *a, struct verdict *v)
{
	if (v->wordless)
		return;
	say_ignored(a, v);
	if (a->traced) {
		say_traced(a, v);
		return;
	}
	if (!a->n_replies && a->syns_seen)
		say_evidence(v, "no reply was seen on the wire");
	if (a->n_syns && a->blind)
		say_evidence(v, "packets could not be seen here; the kernel counted %d SYN%s", a->n_syns,
			     say_plural(a->n_syns));
	else if (a->n_syns && !a->syns_seen)
		say_evidence(v,
			     "the kernel counted %d SYN%s, and none was seen leaving: a firewall's OUTPUT, no "
			     "neighbour, or another interface",
			     a->n_syns, say_plural(a->n_syns));
	else if (a->n_syns && a->retransmits >= a->n_syns)
		say_evidence(v, "the kernel counted %d SYNs, and %d were seen leaving", a->retransmits + 1, a->n_syns);
}
