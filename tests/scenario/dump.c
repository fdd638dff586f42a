/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/story.h"

#define BASE (INT64_C(1700000000) * 1000000000)
#define WRAP 12 /* SYN times on a line */

struct dump {
	struct buf *to;
	struct story *story;
	int n;
};

/* Seconds with at least 3 decimals and as many as it takes. */
static void add_time(struct buf *to, int64_t ns)
{
	uint64_t u = ns < 0 ? -(uint64_t)ns : (uint64_t)ns, part = u % 1000000000;
	int digits = 9;

	for (; digits > 3 && part % 10 == 0; digits--)
		part /= 10;
	buf_fmt(to, "%s%" PRIu64 ".%0*" PRIu64, ns < 0 ? "-" : "", u / 1000000000, digits, part);
}

static void add_field(struct buf *to, const char *name, const char *value)
{
	buf_fmt(to, "  %-12s%s\n", name, *value ? value : "-");
}

static void add_syns(const struct attempt *a, struct buf *to)
{
	int i, n = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns : ATTEMPT_SYNS_MAX;

	buf_fmt(to, "  %-12s%d%s", "SYNs", a->n_syns, n ? ":" : "");
	for (i = 0; i < n; i++) {
		if (i && i % WRAP == 0)
			buf_fmt(to, "\n  %-12s  ", "");
		buf_char(to, ' ');
		if (a->syn_ns[i])
			add_time(to, a->syn_ns[i] - attempt_start_ns(a));
		else
			buf_char(to, '?');
	}
	buf_fmt(to, "%s\n", n && !a->syns_seen ? "  (none seen on the wire)" : "");
}

static void add_reply(const struct attempt *a, const struct reply *r, struct buf *to)
{
	char from[ADDR_TEXT_LEN];

	buf_fmt(to, "  %-12s", "reply");
	add_time(to, r->t_ns - attempt_start_ns(a));
	buf_fmt(to, " %s", reply_kind_word(r->kind));
	if (r->kind == REPLY_ICMP)
		buf_fmt(to, "%s %u/%u", r->icmp_family == 6 ? "6" : "", r->icmp_type, r->icmp_code);
	buf_fmt(to, " from %s, ", addr_format(&r->from, from));
	if (r->ignored == IGNORED_NOT)
		buf_str(to, "accepted\n");
	else
		buf_fmt(to, "ignored: %s\n", ignored_word(r->ignored));
}

static void add_drop(const struct drop *d, struct buf *to)
{
	const char *text = d->rule[0] ? d->rule : d->reason;

	buf_fmt(to, "  %-12s%s of %ss", "drop", drop_place_word(d->place), d->reply ? "replie" : "SYN");
	if (d->packets)
		buf_fmt(to, ", %" PRIu64, d->packets);
	if (*text) {
		buf_str(to, d->rule[0] ? ", by rule \"" : ", by ");
		buf_escaped(to, text, strlen(text));
		buf_str(to, d->rule[0] ? "\"" : "");
	}
	if (d->function[0])
		buf_fmt(to, " in %s", d->function);
	buf_char(to, '\n');
}

static const char *kind_word(enum story_kind k)
{
	static const char *const words[] = { "state", "syn", "reply", "ack", "client-rst", "fin", "predicted", "end" };

	return words[k];
}

static void add_row(const struct story_row *r, struct buf *to)
{
	buf_str(to, "    ");
	add_time(to, r->t_ns);
	buf_fmt(to, "  %s%s%s%s", kind_word(r->kind), r->from_server ? " <-" : "", *r->label ? " " : "", r->label);
	if (r->gap_ns) {
		buf_str(to, "  +");
		add_time(to, r->gap_ns);
	}
	if (r->backoff_ns) {
		buf_str(to, "  rto ");
		add_time(to, r->backoff_ns);
	}
	if (r->born)
		buf_fmt(to, "  born at %s", drop_place_word(r->born));
	if (r->lost)
		buf_fmt(to, "  lost at %s", drop_place_word(r->lost));
	buf_fmt(to, "%s%s", r->unanswered ? "  unanswered" : "", r->nominal ? "  nominal" : "");
	if (*r->note)
		buf_fmt(to, "  \"%s\"", r->note);
	if (*r->client_state)
		buf_fmt(to, "  client %s", r->client_state);
	if (*r->server_state)
		buf_fmt(to, "  server %s", r->server_state);
	buf_char(to, '\n');
}

static void add_story(const struct attempt *a, const struct verdict *v, struct story *s, struct buf *to)
{
	int i;

	story_make(a, v, s);
	buf_str(to, "  story\n");
	for (i = 0; i < s->n; i++)
		add_row(&s->rows[i], to);
	if (s->more_replies)
		buf_fmt(to, "    %d more replies\n", s->more_replies);
}

static void add_head(const struct attempt *a, int n, struct buf *to)
{
	char client[ENDPOINT_TEXT_LEN], server[ENDPOINT_TEXT_LEN];

	buf_fmt(to, "attempt %d  %s > %s", n, endpoint_format(&a->flow.client, client),
		endpoint_format(&a->flow.server, server));
	if (a->has_isn)
		buf_fmt(to, "  isn %" PRIu32, a->isn);
	if (a->pid) {
		buf_fmt(to, "  pid %d ", a->pid);
		buf_escaped(to, a->comm, strlen(a->comm));
	}
	buf_fmt(to, "\n  %-12s", "began");
	add_time(to, attempt_start_ns(a) - BASE);
	buf_char(to, '\n');
}

static void add_verdict(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	bool exact;
	int64_t predicted_ns = verdict_predict_end(a, &exact);

	add_field(to, "outcome", outcome_word(v->outcome));
	add_field(to, "gave up by", gave_up_by_word(v->gave_up_by));
	add_field(to, "limit", limit_word(v->limit));
	add_field(to, "confidence", confidence_word(v->confidence));
	add_field(to, "error", v->error ? errno_name(v->error) : "");
	buf_fmt(to, "  %-12s", "elapsed");
	add_time(to, v->elapsed_ns);
	if (predicted_ns) {
		buf_str(to, ", predicted ");
		add_time(to, predicted_ns);
		buf_str(to, exact ? " exactly" : " nominally");
	}
	buf_char(to, '\n');
}

/* The judgement without words must be the same. */
static void check_conclusion(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	struct verdict w;

	memset(&w, 0x55, sizeof(w));
	verdict_conclude(a, &w);
	if (w.outcome != v->outcome || w.gave_up_by != v->gave_up_by || w.limit != v->limit ||
	    w.confidence != v->confidence || w.error != v->error || w.elapsed_ns != v->elapsed_ns || w.n_evidence ||
	    *w.headline || *w.advice)
		buf_fmt(to, "  %-12s%s by %s, %s, error %d, %d pieces of evidence, \"%.40s\"\n", "CONCLUDED",
			outcome_word(w.outcome), gave_up_by_word(w.gave_up_by), confidence_word(w.confidence), w.error,
			w.n_evidence, w.headline);
	if (!outcome_goes_with(v->outcome, v->gave_up_by))
		buf_fmt(to, "  %-12s%s by %s is no pair of outcome_goes_with()\n", "PAIR", outcome_word(v->outcome),
			gave_up_by_word(v->gave_up_by));
}

static void on_attempt(const struct attempt *a, void *user)
{
	struct dump *d = user;
	struct verdict v;
	int i;

	verdict_make(a, &v);
	add_head(a, ++d->n, d->to);
	add_verdict(a, &v, d->to);
	check_conclusion(a, &v, d->to);
	add_syns(a, d->to);
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		add_reply(a, &a->replies[i], d->to);
	for (i = 0; i < a->n_drops; i++)
		add_drop(&a->drops[i], d->to);
	add_field(d->to, "headline", v.headline);
	for (i = 0; i < v.n_evidence; i++)
		add_field(d->to, "evidence", v.evidence[i]);
	add_field(d->to, "advice", v.advice);
	add_story(a, &v, d->story, d->to);
	buf_char(d->to, '\n');
}

bool dump_script(const struct script *s, uint64_t seed, struct buf *to)
{
	struct dump d = { .to = to, .story = malloc(sizeof(*d.story)) };
	struct tracker_counts c;
	bool ok = d.story && script_play(s, BASE, seed, on_attempt, &d, &c);

	free(d.story);
	if (!ok)
		return false;
	buf_fmt(to,
		"counts  %" PRIu64 " events, %" PRIu64 " attempts, %" PRIu64 " evicted, %" PRIu64 " unmatched, %" PRIu64
		" duplicates, %" PRIu64 " lost\n",
		c.events, c.attempts, c.evicted, c.unmatched, c.duplicates, c.lost);
	return !to->failed;
}
