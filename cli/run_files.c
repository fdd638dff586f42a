/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "core/story.h"

#define SNAPLEN 65535

static bool connected(const struct tried *t)
{
	return t->outcome == OUTCOME_ESTABLISHED;
}

/* The one to be drawn: the last that decided a failure, else the last. */
static const struct attempt *to_draw(const struct run_show *s)
{
	const struct attempt *last = NULL, *failed = NULL;
	size_t i;

	for (i = 0; i < s->n_tried; i++) {
		const struct attempt *a = run_show_kept(s, s->tried[i].number);

		if (a)
			last = a;
		if (a && s->tried[i].decides && !connected(&s->tried[i]))
			failed = a;
	}
	return failed ? failed : last;
}

static int draw(struct run_show *s, struct err *e)
{
	const struct attempt *a = to_draw(s);
	struct story *story = a ? malloc(sizeof(*story)) : NULL;
	struct outfile *out;
	struct verdict v;
	int r;

	if (!a) {
		err_set(e, ENOENT, "%s: there is no attempt to draw", s->o.svg);
		return -ENOENT;
	}
	if (!story)
		return err_sys(e, ENOMEM, "%s", s->o.svg);
	verdict_make(a, &v);
	story_make(a, &v, story);
	r = outfile_create(s->o.svg, &out, e);
	if (!r)
		r = show_svg(story, out, e);
	free(story);
	return r;
}

static void add_argv(char *const *argv, struct buf *to)
{
	for (; *argv; argv++) {
		buf_escaped(to, *argv, strlen(*argv));
		buf_str(to, argv[1] ? " " : "");
	}
}

static int write_capture(struct run_show *s, const struct logical_sum *sum, struct err *e)
{
	struct buf section = { 0 };
	struct kept_comments c = { .interface = s->o.c->here ? "any" : "c0",
				   .snaplen = SNAPLEN,
				   .attempts = (const struct attempt *const *)s->kept,
				   .n = (size_t)s->n_kept };
	int r, i;

	buf_str(&section, "synsent run: ");
	add_argv(s->o.c->argv, &section);
	for (i = 0; i < s->o.c->n_faults; i++)
		buf_fmt(&section, "%s%s", i ? ", " : "; faults: ", s->o.c->faults[i].text);
	buf_fmt(&section, "; %zu attempts", sum->attempts);
	for (i = 0; i < OUTCOME_N; i++)
		if (sum->by_outcome[i])
			buf_fmt(&section, ", %zu %s", sum->by_outcome[i], outcome_word((enum outcome)i));
	c.section = buf_text(&section);
	r = section.failed ? err_sys(e, ENOMEM, "%s", s->o.capture)
			   : kept_packets_write(&s->packets, s->o.capture, &c, e);
	buf_fini(&section);
	return r;
}

static int close_out(struct outfile **o, struct err *e)
{
	struct outfile *open = *o;

	*o = NULL;
	return open ? outfile_close(open, e) : 0;
}

static int argc_of(char *const *argv)
{
	int n = 0;

	while (argv[n])
		n++;
	return n;
}

static int write_reports(struct run_show *s, const struct run_end *end, const struct expect_row *rows, struct err *e)
{
	const char *faults[EXPECT_MAX];
	const struct report rep = { .argv = (const char *const *)s->o.c->argv,
				    .argc = argc_of(s->o.c->argv),
				    .faults = faults,
				    .n_faults = s->o.c->n_faults < EXPECT_MAX ? s->o.c->n_faults : EXPECT_MAX,
				    .seed = s->o.c->seed,
				    .policy = &end->policy,
				    .started_ns = s->begun_ns,
				    .duration_ns = end->run_ns,
				    .exit_status = end->exit_signal ? -1 : end->exit_status,
				    .exit_signal = end->exit_signal,
				    .timed_out = end->timed_out,
				    .tried = s->tried,
				    .n = s->n_tried,
				    .rows = rows,
				    .n_rows = s->o.expect->n };
	int i, r = 0;

	for (i = 0; i < rep.n_faults; i++)
		faults[i] = s->o.c->faults[i].text;
	for (i = 0; !r && i < s->o.reports.n; i++) {
		struct report_file *f = s->reports[i];

		s->reports[i] = NULL;
		r = report_finish(f, &rep, e);
	}
	return r;
}

int run_files_write(struct run_show *s, const struct run_end *end, const struct logical_sum *sum,
		    const struct expect_row *rows, struct err *e)
{
	struct events *events = s->events;
	int r = 0;

	s->events = NULL;
	if (events)
		r = events_close(events, e);
	if (!r)
		r = close_out(&s->json, e);
	if (!r)
		r = close_out(&s->log, e);
	if (!r && s->o.capture)
		r = write_capture(s, sum, e);
	if (!r && s->o.svg)
		r = draw(s, e);
	return r ? r : write_reports(s, end, rows, e);
}
