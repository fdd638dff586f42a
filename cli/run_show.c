/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_files.h"
#include "cli/run_expect.h"
#include "cli/show.h"
#include "core/story.h"
#include "sinks/attempt_json.h"
#include "sinks/report.h"
#include "sinks/text.h"

#define PACKETS_MAX 200000
#define SNAPLEN 65535

static void file_failed(struct run_show *s, const struct err *e)
{
	if (!s->file_err.what[0])
		s->file_err = *e;
}

static void on_packet(void *user, const struct live_packet *p, const struct packet *decoded)
{
	struct run_show *s = user;
	const struct event *ev = &decoded->event;

	if (!s->o.capture)
		return;
	/* Of a connection that carries data its handshake and its end are kept. */
	if (ev->kind == EVENT_SEGMENT && ev->segment.len && !(ev->segment.flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		return;
	if (s->packets.n == PACKETS_MAX)
		s->packets_missed++;
	else
		kept_packets_add(&s->packets, p, true);
}

static void on_event(void *user, const struct event *ev)
{
	struct run_show *s = user;
	struct err e = { 0 };

	if (s->events && events_write(s->events, ev, &e))
		file_failed(s, &e);
}

static void on_log(void *user, int64_t t_ns, const char *text)
{
	struct run_show *s = user;
	struct buf b = { 0 };
	struct err e = { 0 };

	if (!s->begun_ns)
		s->begun_ns = t_ns;
	if (!s->log && !s->o.verbose)
		return;
	text_seconds(t_ns - s->begun_ns, &b);
	buf_str(&b, "  ");
	buf_escaped(&b, text, strlen(text));
	buf_char(&b, '\n');
	if (s->o.verbose)
		fprintf(stderr, "synsent: %s", buf_text(&b));
	if (s->log && outfile_write(s->log, buf_text(&b), b.len, &e))
		file_failed(s, &e);
	buf_fini(&b);
}

static void on_note(void *user, const char *text)
{
	fprintf(stderr, "synsent: %s\n", text);
}

static void write_json(struct run_show *s, const struct attempt *a, const struct verdict *v, const char *name)
{
	const struct attempt_json_opts jo = { .source = "run", .name = name, .scaled = s->o.c->fast && a->n_syns > 1 };
	struct buf b = { 0 };
	struct err e = { 0 };

	attempt_json(a, v, &jo, &b);
	if (!s->json)
		fputs(buf_text(&b), stderr);
	else if (outfile_write(s->json, buf_text(&b), b.len, &e) || outfile_flush(s->json, &e))
		file_failed(s, &e);
	buf_fini(&b);
}

/* Where there is no room for all, one that failed takes the place of one that did not. */
static void keep(struct run_show *s, const struct attempt *a, const struct verdict *v)
{
	struct attempt *copy = NULL;
	struct verdict other;
	int i;

	for (i = 0; s->n_kept == RUN_KEPT_MAX && i < RUN_KEPT_MAX && v->outcome != OUTCOME_ESTABLISHED; i++) {
		verdict_conclude(s->kept[i], &other);
		if (other.outcome == OUTCOME_ESTABLISHED) {
			copy = s->kept[i];
			break;
		}
	}
	if (s->n_kept < RUN_KEPT_MAX) {
		copy = malloc(sizeof(*copy));
		if (copy)
			s->kept[s->n_kept++] = copy;
	}
	if (copy)
		*copy = *a;
}

static void on_attempt(void *user, const struct attempt *a, const char *name)
{
	struct run_show *s = user;
	struct tried *grown;
	struct verdict v;
	size_t cap = s->cap ? 2 * s->cap : 64;

	verdict_make(a, &v);
	if (s->o.json)
		write_json(s, a, &v, name);
	if (s->n_tried == s->cap) {
		grown = cap <= RUN_TRIED_MAX * 2 ? realloc(s->tried, cap * sizeof(*grown)) : NULL;
		if (!grown) {
			s->untold++;
			return;
		}
		s->tried = grown;
		s->cap = cap;
	}
	tried_of(a, &v, &s->tried[s->n_tried]);
	snprintf(s->tried[s->n_tried].name, sizeof(s->tried[0].name), "%s", name ? name : "");
	s->n_tried++;
	keep(s, a, &v);
}

/* "-" would mix with what the program prints. */
static int check_files(const struct run_show_opts *o, struct err *e)
{
	const char *const files[][2] = { { "--write", o->capture },
					 { "--svg", o->svg },
					 { "--events", o->events },
					 { "--json", o->json_file },
					 { "--log", o->log_file } };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!files[i][1] || strcmp(files[i][1], "-"))
			continue;
		err_set(e, EINVAL, "%s -: standard output is the program's", files[i][0]);
		err_remedy(e, "name a file");
		e->exit_code = 2;
		return -EINVAL;
	}
	return 0;
}

static int open_files(struct run_show *s, struct err *e)
{
	const struct run_show_opts *o = &s->o;
	int r = check_files(o, e), i;

	if (!r && o->capture)
		r = lab_files_try(o->capture, e);
	if (!r && o->svg)
		r = lab_files_try(o->svg, e);
	for (i = 0; !r && i < o->reports.n; i++)
		r = report_create(o->reports.v[i], &s->reports[i], e);
	if (!r && o->events)
		r = events_create(o->events, &s->events, e);
	if (!r && o->json_file)
		r = outfile_create(o->json_file, &s->json, e);
	if (!r && o->log_file)
		r = outfile_create(o->log_file, &s->log, e);
	return r;
}

int run_show_new(const struct run_show_opts *o, struct run_show **ret, struct err *e)
{
	struct run_show *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_sys(e, ENOMEM, "run");
	s->o = *o;
	s->view = (struct run_view){
		.user = s, .packet = on_packet, .event = on_event, .log = on_log, .attempt = on_attempt, .note = on_note
	};
	r = open_files(s, e);
	if (r) {
		run_show_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void run_show_free(struct run_show *s)
{
	int i;

	if (!s)
		return;
	events_abort(s->events);
	outfile_abort(s->json);
	outfile_abort(s->log);
	for (i = 0; i < RUN_REPORTS_MAX; i++)
		report_abort(s->reports[i]);
	kept_packets_fini(&s->packets);
	for (i = 0; i < s->n_kept; i++)
		free(s->kept[i]);
	free(s->deciders);
	free(s->members);
	free(s->tried);
	free(s);
}

static int by_begin(const void *a, const void *b)
{
	const struct tried *x = a, *y = b;

	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

static int index_logical(struct run_show *s, struct err *e)
{
	size_t i;

	s->deciders = calloc(s->n_tried + 1, sizeof(*s->deciders));
	s->members = calloc(s->n_tried + 1, sizeof(*s->members));
	if (!s->deciders || !s->members)
		return err_sys(e, ENOMEM, "run");
	for (i = 0; i < s->n_tried; i++) {
		uint32_t first = s->tried[i].logical - 1;

		s->members[first]++;
		if (s->tried[i].decides)
			s->deciders[first] = (uint32_t)i;
	}
	return 0;
}

/* In the order of their begin, which is not that in which they ended. */
static int put_in_order(struct run_show *s, struct err *e)
{
	size_t i;

	if (s->n_tried)
		qsort(s->tried, s->n_tried, sizeof(*s->tried), by_begin);
	for (i = 0; i < s->n_tried; i++)
		s->tried[i].number = (uint32_t)i + 1;
	logical_group(s->tried, s->n_tried);
	return index_logical(s, e);
}

static bool is_same(const struct tried *t, const struct attempt *a)
{
	return t->start_ns == attempt_start_ns(a) && t->flow.client.port == a->flow.client.port &&
	       endpoint_equal(&t->flow.server, &a->flow.server);
}

const struct attempt *run_show_kept(const struct run_show *s, uint32_t number)
{
	int i;

	for (i = 0; i < s->n_kept; i++)
		if (is_same(&s->tried[number - 1], s->kept[i]))
			return s->kept[i];
	return NULL;
}

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
	struct kept_comments c = { .interface = "c0",
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

static int write_files(struct run_show *s, const struct run_end *end, const struct logical_sum *sum,
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

/* What the observation missed: then not every word above is sure. */
static int tell_lost(const struct run_show *s, const struct run_end *end, struct err *e)
{
	uint64_t lost = end->lost + end->wire.lost + end->wire.untold;

	if (!lost && !end->counts.evicted && !s->untold && !s->packets_missed)
		return 0;
	err_set(e, ENOBUFS,
		"not all was seen: %" PRIu64 " packets or sockets of the observation lost, %" PRIu64
		" frames lost by the wire, %" PRIu64 " attempts judged early, %" PRIu64 " not listed, %" PRIu64
		" packets not written",
		end->lost + end->wire.untold, end->wire.lost, end->counts.evicted, s->untold, s->packets_missed);
	return -ENOBUFS;
}

static int status_of(const struct run_end *end)
{
	return end->exit_signal ? 128 + end->exit_signal : end->exit_status;
}

int run_show_end(struct run_show *s, const struct run_end *end, struct err *e)
{
	struct expect_row *rows = calloc(EXPECT_MAX, sizeof(*rows));
	struct logical_sum sum;
	int wrong = 0, r;

	if (!rows) {
		err_sys(e, ENOMEM, "run");
		return 125;
	}
	if (put_in_order(s, e)) {
		free(rows);
		return 125;
	}
	logical_sum(s->tried, s->n_tried, &sum);
	if (!s->o.quiet && !(s->o.json && !s->json))
		run_text(s, end, &sum);
	if (s->o.expect->n) {
		const struct expect_run er = { .tried = s->tried,
					       .n = s->n_tried,
					       .exit_status = end->exit_signal ? -1 : end->exit_status,
					       .exit_signal = end->exit_signal };

		wrong = expect_judge(s->o.expect, &er, rows);
		run_expect_show(rows, s->o.expect->n);
	}
	r = write_files(s, end, &sum, rows, e);
	free(rows);
	if (!r && s->file_err.what[0]) {
		*e = s->file_err;
		r = -EIO;
	}
	if (r)
		return 125;
	if (tell_lost(s, end, e) && s->o.expect->n && !wrong)
		return 4;
	if (s->o.expect->n)
		return wrong ? 1 : 0;
	return status_of(end);
}
