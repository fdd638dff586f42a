/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_files.h"
#include "cli/run_expect.h"
#include "cli/run_files.h"
#include "sinks/attempt_json.h"
#include "sinks/report.h"
#include "sinks/text.h"

#define PACKETS_MAX 200000

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
	r = run_files_write(s, end, &sum, rows, e);
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
