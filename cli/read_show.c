/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/read_pick.h"
#include "cli/show.h"
#include "packet/tcpdump.h"
#include "sinks/attempt_json.h"
#include "sinks/attempt_line.h"
#include "sinks/figures.h"
#include "sinks/json.h"
#include "sinks/summary.h"
#include "util/duration.h"

#define LINES_MAX 1000 /* failures that the default output lists */
#define COMMENTS_MAX 16
#define MINUTE_NS (60 * NS_PER_S)

enum listing {
	LISTS_NONE,
	LISTS_ALL,
	LISTS_FAILURES,
	LISTS_FIRST_FAILURES, /* LINES_MAX of them, and none after that */
};

struct read_show {
	struct read_show_opts opts;
	const struct read_opts *o;
	struct read_job *job;
	struct summary *summary;
	struct tcpdump *printer;
	struct read_pick *pick; /* --diagram */
	struct verdict verdict;
	struct buf line, lines; /* lines: those that wait for the summary */
	enum listing listing;
	bool sums_only;			/* nothing is wanted but the summary, or no more */
	uint64_t n_lines, n_waiting;	/* that are listed: failed; and waiting when the capture ended */
	int64_t day_ns;			/* lines of another day than this have a date; 0: not known yet */
	int64_t minute;			/* of the last that was listed, ... */
	bool is_other_day;		/* ... and what was found of it */
	uint64_t answers[REPLY_KIND_N]; /* of this job, as the two that follow */
	uint64_t n_attempts, n_syns;
	char *comments[COMMENTS_MAX];
	size_t n_comments, more_comments;
	char refused[READ_LINKTYPE_LEN];
};

/* -w -: there is no room for anything else. */
static bool writes_to_stdout(const struct read_opts *o)
{
	return o->write && !strcmp(o->write, "-");
}

static bool is_json(const struct read_show *s)
{
	return s->o->json && !*s->o->json;
}

/* Attempts are listed while they are decided; without that only the default output has them, after the summary. */
static bool lists_at_once(const struct read_opts *o)
{
	return o->all || o->failures || (o->json && !*o->json && !o->summary && !o->by) || o->follow;
}

static bool is_counts(const struct read_show *s)
{
	return s->o->json && *s->o->json;
}

/* The attempts that are listed. */
static enum listing listing_of(const struct read_show *s)
{
	const struct read_opts *o = s->o;

	if (o->packets || o->diagram || is_counts(s) || writes_to_stdout(o))
		return LISTS_NONE;
	if (lists_at_once(o))
		return o->all || (is_json(s) && !o->failures) ? LISTS_ALL : LISTS_FAILURES;
	return o->summary || o->by ? LISTS_NONE : LISTS_FIRST_FAILURES;
}

static bool sums_only(const struct read_show *s)
{
	return s->listing == LISTS_NONE && !s->opts.write && !s->o->diagram && !is_counts(s);
}

int read_show_new(const struct read_show_opts *o, struct read_show **ret, struct err *e)
{
	struct read_show *s = calloc(1, sizeof(*s));
	struct tcpdump_opts to = { .absolute = o->o->absolute, .seed = o->seed };

	if (s) {
		s->opts = *o;
		s->o = o->o;
		s->listing = listing_of(s);
		s->sums_only = sums_only(s);
		s->summary = summary_new(o->seed);
		s->printer = tcpdump_new(&to);
		s->pick = o->o->diagram ? read_pick_new(o->o->diagram) : NULL;
	}
	if (!s || !s->summary || !s->printer || (o->o->diagram && !s->pick)) {
		read_show_free(s);
		return err_sys(e, ENOMEM, "read");
	}
	*ret = s;
	return 0;
}

void read_show_free(struct read_show *s)
{
	size_t i;

	if (!s)
		return;
	summary_free(s->summary);
	tcpdump_free(s->printer);
	read_pick_free(s->pick);
	buf_fini(&s->line);
	buf_fini(&s->lines);
	for (i = 0; i < s->n_comments; i++)
		free(s->comments[i]);
	free(s);
}

void read_show_of(struct read_show *s, struct read_job *j)
{
	s->job = j;
	s->day_ns = 0;
	s->minute = -1;
	memset(s->answers, 0, sizeof(s->answers));
	s->n_attempts = s->n_syns = 0;
}

/* A line, in place of the progress where that is shown. */
static void print(struct read_show *s)
{
	terminal_progress(&s->opts.terminal, "");
	fwrite(s->line.data, 1, s->line.len, stdout);
}

static bool is_of_another_day(struct read_show *s, const struct attempt *a)
{
	int64_t t_ns = attempt_start_ns(a);

	if (!s->day_ns)
		s->day_ns = read_job_first_ns(s->job);
	if (!s->day_ns)
		s->day_ns = t_ns;
	/* days begin with a minute, and a flood has thousands of lines in one */
	if (t_ns / MINUTE_NS != s->minute) {
		s->minute = t_ns / MINUTE_NS;
		s->is_other_day = !figures_same_day(s->day_ns, t_ns);
	}
	return s->is_other_day;
}

static void list(struct read_show *s, const struct attempt *a)
{
	const struct attempt_line_look look = { .date = is_of_another_day(s, a), .color = s->opts.terminal.color };
	const struct attempt_json_opts jo = { .source = "read", .file = s->opts.files->paths[a->file] };

	s->n_lines += s->verdict.outcome != OUTCOME_PENDING;
	s->n_waiting += s->verdict.outcome == OUTCOME_PENDING;
	if (s->listing == LISTS_FIRST_FAILURES) {
		if (s->n_lines + s->n_waiting == LINES_MAX)
			s->listing = LISTS_NONE;
		attempt_line(a, &s->verdict, &look, &s->lines);
		return;
	}
	buf_reset(&s->line);
	if (is_json(s))
		attempt_json(a, &s->verdict, &jo, &s->line);
	else
		attempt_line(a, &s->verdict, &look, &s->line);
	print(s);
}

static void count(struct read_show *s, const struct digest *d)
{
	s->n_attempts++;
	s->n_syns += (uint64_t)d->n_syns;
	s->answers[d->answer]++;
}

/* It had not failed yet when the capture ended, but nothing good had come of it either. */
static bool is_in_vain(const struct digest *d)
{
	return d->outcome == OUTCOME_PENDING && d->n_syns > 1;
}

/* a: NULL: the job has it. */
static void take(struct read_show *s, const struct digest *d, const struct attempt *a)
{
	bool failed = digest_failed(d), written = s->opts.write && (s->o->all || failed);
	bool listed = s->listing == LISTS_ALL || (failed && s->listing != LISTS_NONE) ||
		      (is_in_vain(d) && s->listing == LISTS_FIRST_FAILURES);
	bool picked = s->pick && read_pick_wants(s->pick, d);

	if (is_counts(s))
		count(s, d);
	if (!listed && !written && !picked)
		return;
	if (!a)
		a = read_job_attempt(s->job);
	verdict_make(a, &s->verdict);
	if (listed)
		list(s, a);
	if (written)
		read_write_choose(s->opts.write, a, &s->verdict);
	if (picked)
		read_pick_take(s->pick, a, &s->verdict);
	s->sums_only = sums_only(s);
}

void read_show_digest(const struct digest *d, void *user)
{
	struct read_show *s = user;

	summary_feed(s->summary, d);
	if (!s->sums_only)
		take(s, d, NULL);
}

void read_show_attempt(struct read_show *s, const struct attempt *a)
{
	struct verdict v;
	struct digest d;

	verdict_conclude(a, &v);
	digest_make(a, &v, &d);
	summary_feed(s->summary, &d);
	take(s, &d, a);
}

/* A handshake's packet as tcpdump prints it. */
static void print_packet(struct read_show *s, const struct read_packet *p)
{
	struct packet decoded;

	if (p->sighting->kind != SIGHTING_SEGMENT || !(p->sighting->flags & (TCP_SYN | TCP_RST)))
		return;
	decode_cut_frame(p->captured->linktype, p->captured->frame, p->captured->on_wire, &decoded);
	buf_reset(&s->line);
	tcpdump_line(s->printer, p->captured->t_ns, &decoded, &s->line);
	buf_char(&s->line, '\n');
	print(s);
}

void read_show_packet(const struct read_packet *p, void *user)
{
	struct read_show *s = user;
	bool chosen = !s->opts.files->filter && !s->o->since && !s->o->until;

	if (s->o->packets && (chosen || p->sighting->attempt))
		print_packet(s, p);
	if (s->opts.write)
		read_write_packet(s->opts.write, p);
}

void read_show_remark(const struct capture_remark *r, void *user)
{
	struct read_show *s = user;
	struct buf b = { 0 };

	if (s->n_comments == COMMENTS_MAX) {
		s->more_comments++;
		return;
	}
	if (r->packet)
		buf_fmt(&b, "packet %" PRIu64 ": ", r->packet);
	buf_add(&b, r->text.p, r->text.len);
	if (b.len && !b.failed)
		s->comments[s->n_comments++] = b.data;
	else
		buf_fini(&b);
}

/* NULL: none. */
static const char *refused(struct read_show *s, const struct read_notes *n)
{
	if (!n->n_refused_types)
		return NULL;
	return read_linktype(n->refused[0].type, s->refused);
}

static void facts(struct read_show *s, const struct read_end *end, struct summary_facts *ret)
{
	struct handshakes_counts c;
	const struct ledger *l = &end->ledger;
	struct read_notes n;

	read_job_notes(s->job, &n);
	read_job_counts(s->job, &c);
	*ret = (struct summary_facts){
		.files = (const char *const *)s->opts.files->paths,
		.n_files = s->opts.files->n,
		.bytes = s->o->max_packets ? 0 : end->bytes, /* not known to the packet */
		.packets = l->seen,
		.start_ns = end->first_ns,
		.end_ns = end->last_ns,
		.took_ns = end->took_ns,
		.comments = (const char *const *)s->comments,
		.n_comments = s->n_comments,
		.more_comments = s->more_comments,
		.refused = refused(s, &n),
		.filter = s->opts.files->filter,
		.has_since = end->since_ns != INT64_MIN,
		.has_until = end->until_ns != INT64_MAX,
		.since_ns = end->since_ns,
		.until_ns = end->until_ns,
		.interrupted = end->interrupted,
		.size = end->size,
		.ledger = { .seen = l->seen,
			    .counted = l->counted,
			    .duplicates = l->duplicates,
			    .filtered = l->filtered,
			    .truncated = l->truncated,
			    .malformed = l->malformed,
			    .not_tcp = l->other },
		.unmatched = c.unmatched,
		.evicted = c.evicted,
	};
}

static void print_summary(struct read_show *s, const struct summary_facts *f)
{
	const struct summary_look look = { .color = s->opts.terminal.color, .utf8 = s->opts.terminal.utf8 };
	struct summary_counts c;
	enum summary_by by = 0;

	buf_reset(&s->line);
	summary_counts(s->summary, &c);
	if (!is_json(s) && lists_at_once(s->o) && s->n_lines)
		putchar('\n'); /* between them and the list */
	if (s->o->by && (is_json(s) || c.attempts)) {
		while (strcmp(summary_by_words()[by], s->o->by))
			by++;
		if (is_json(s))
			summary_table_json(s->summary, by, 0, &s->line);
		else
			summary_table(s->summary, by, s->o->all ? 0 : 20, &look, &s->line);
	} else if (is_json(s)) {
		summary_json(s->summary, f, &s->line);
	} else {
		summary_text(s->summary, f, &look, &s->line);
	}
	fwrite(s->line.data, 1, s->line.len, stdout);
}

static void print_lines(struct read_show *s)
{
	struct summary_counts c;

	if (!s->lines.len)
		return;
	summary_counts(s->summary, &c);
	putchar('\n');
	fwrite(s->lines.data, 1, s->lines.len, stdout);
	if (c.failures > s->n_lines)
		printf("... and %" PRIu64 " more failed attempts; --failures lists them all\n",
		       c.failures - s->n_lines);
}

/* The default output, --summary and --by; what is listed at once has no summary unless it is asked for. */
static bool has_summary(const struct read_opts *o)
{
	if (writes_to_stdout(o))
		return false;
	if (o->by || o->summary)
		return true;
	return !o->packets && !o->diagram && !o->json && (!lists_at_once(o) || o->follow);
}

int read_show_end(struct read_show *s, const struct read_end *end, struct err *e)
{
	struct summary_facts f;
	char comment[200];
	int r = 0;

	facts(s, end, &f);
	if (has_summary(s->o) && !end->nothing)
		print_summary(s, &f);
	print_lines(s);
	if (s->pick)
		r = read_pick_show(s->pick, &s->opts.terminal, s->opts.svg, s->o->svg && !strcmp(s->o->svg, "-"), e);
	if (!r && s->opts.write) {
		snprintf(comment, sizeof(comment), "synsent read: the packets of %s attempts%s",
			 s->o->all ? "all" : "failed", s->opts.files->filter ? " that a filter chose" : "");
		r = read_write_end(s->opts.write, comment, e);
		r = r ? e->exit_code ? e->exit_code : 4 : 0;
	}
	return r;
}

void read_show_counts(struct read_show *s, const char *file)
{
	struct json j;

	buf_reset(&s->line);
	json_init(&j, &s->line);
	json_begin_object(&j);
	json_key(&j, "file");
	json_text(&j, file);
	json_key_int(&j, "attempts", (int64_t)s->n_attempts);
	json_key_int(&j, "syn_retrans", (int64_t)(s->n_syns - s->n_attempts));
	json_key_int(&j, "by_synack", (int64_t)s->answers[REPLY_SYN_ACK]);
	json_key_int(&j, "by_rst", (int64_t)s->answers[REPLY_RST]);
	json_key_int(&j, "by_icmp", (int64_t)s->answers[REPLY_ICMP]);
	json_key_int(&j, "unanswered", (int64_t)s->answers[REPLY_NONE]);
	json_end(&j);
	printf("%s\n", buf_text(&s->line));
}
