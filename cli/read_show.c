/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_show_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "sinks/attempt_json.h"
#include "sinks/attempt_line.h"
#include "sinks/figures.h"
#include "util/duration.h"

#define LINES_MAX 1000 /* failures that the default output lists */
#define MINUTE_NS (60 * NS_PER_S)

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
	terminal_lines(buf_text(&s->line), s->line.len);
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
