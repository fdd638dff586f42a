/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/lab_view.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_files.h"
#include "cli/show.h"
#include "core/story.h"
#include "packet/tcpdump.h"
#include "sinks/attempt_json.h"
#include "sinks/events.h"
#include "sinks/text.h"

#define TEXT_WIDTH 60

struct lab_show {
	struct lab_view_opts o;
	const struct lab_config *c;
	struct lab_view view;
	struct tcpdump *printer;
	struct events *events;
	struct err events_err;
	struct lab_files files;
	struct attempt *attempts; /* of the client under study */
	int n_attempts;
	uint64_t lost;
	struct buf line;
};

static bool tells(const struct lab_show *s)
{
	return !s->o.quiet && !s->o.json;
}

static void say(struct lab_show *s, const char *line)
{
	terminal_progress(&s->o.terminal, "");
	puts(line);
	fflush(stdout);
}

static void on_step(void *user, int n, const char *text, const char *classic)
{
	struct lab_show *s = user;

	if (!tells(s))
		return;
	buf_reset(&s->line);
	buf_fmt(&s->line, "%2d  ", n);
	if (*classic)
		buf_fmt(&s->line, strlen(text) < TEXT_WIDTH ? "%-*s%s" : "%-*s  %s", TEXT_WIDTH, text, classic);
	else
		buf_str(&s->line, text);
	say(s, buf_text(&s->line));
}

static void on_note(void *user, const char *text)
{
	struct lab_show *s = user;

	if (!tells(s))
		return;
	buf_reset(&s->line);
	buf_fmt(&s->line, "    %s", text);
	say(s, buf_text(&s->line));
}

static void on_packet(void *user, const struct live_packet *p, const struct packet *decoded, bool studied)
{
	struct lab_show *s = user;

	lab_files_packet(&s->files, p, decoded, studied);
	if (!tells(s))
		return;
	buf_reset(&s->line);
	buf_str(&s->line, "    ");
	tcpdump_line(s->printer, p->t_ns, decoded, &s->line);
	say(s, buf_text(&s->line));
}

static void on_event(void *user, const struct event *ev)
{
	struct lab_show *s = user;

	if (ev->kind == EVENT_LOST)
		s->lost += ev->lost.n;
	if (s->events && !s->events_err.what[0])
		events_write(s->events, ev, &s->events_err);
}

static void on_socket(void *user, const struct event_state *state)
{
	struct lab_show *s = user;

	if (!tells(s))
		return;
	buf_reset(&s->line);
	buf_str(&s->line, "    ");
	text_netstat(state, &s->line);
	buf_str(&s->line, "   <- netstat -anp");
	say(s, buf_text(&s->line));
}

static void on_waiting(void *user, const struct attempt *a, int64_t now_ns)
{
	struct lab_show *s = user;

	if (s->o.quiet || !s->o.terminal.progress)
		return;
	buf_reset(&s->line);
	buf_str(&s->line, "    ");
	text_waiting(a, now_ns, &s->line);
	terminal_progress(&s->o.terminal, buf_text(&s->line));
}

static void print_json(struct lab_show *s, const struct attempt *a, bool studied)
{
	struct attempt_json_opts o = { .scaled = s->c->fast,
				       .source = "lab",
				       .scenario = studied ? s->c->scenario->name : NULL };
	struct verdict v;

	verdict_make(a, &v);
	buf_reset(&s->line);
	attempt_json(a, &v, &o, &s->line);
	fwrite(buf_text(&s->line), 1, s->line.len, stdout);
	fflush(stdout);
}

static void on_attempt(void *user, const struct attempt *a, bool studied)
{
	struct lab_show *s = user;
	struct attempt *grown;

	terminal_progress(&s->o.terminal, "");
	if (s->o.json)
		print_json(s, a, studied);
	if (!studied)
		return;
	grown = realloc(s->attempts, ((size_t)s->n_attempts + 1) * sizeof(*grown));
	if (!grown)
		return;
	s->attempts = grown;
	s->attempts[s->n_attempts++] = *a;
}

int lab_show_new(const struct lab_view_opts *o, const struct lab_config *c, struct lab_show **ret, struct err *e)
{
	struct tcpdump_opts to = { .utc = o->utc };
	struct lab_show *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return err_sys(e, ENOMEM, "lab");
	s->o = *o;
	s->c = c;
	s->view = (struct lab_view){ .user = s,
				     .step = on_step,
				     .note = on_note,
				     .packet = on_packet,
				     .event = on_event,
				     .socket = on_socket,
				     .waiting = on_waiting,
				     .attempt = on_attempt };
	s->files.keep_packets = o->capture != NULL;
	s->printer = tcpdump_new(&to);
	if (!s->printer)
		r = err_sys(e, ENOMEM, "lab");
	if (!r && o->events)
		r = events_create(o->events, &s->events, e);
	if (r) {
		lab_show_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void lab_show_free(struct lab_show *s)
{
	if (!s)
		return;
	events_abort(s->events);
	tcpdump_free(s->printer);
	lab_files_fini(&s->files);
	buf_fini(&s->line);
	free(s->attempts);
	free(s);
}

const struct lab_view *lab_show_view(struct lab_show *s)
{
	return &s->view;
}

static void add_real(struct buf *b, int64_t ns, bool fast)
{
	buf_str(b, "real ");
	text_seconds(ns, b);
	buf_fmt(b, " s%s", fast ? " (fast)" : "");
}

/* Step 7: what the client saw, as time would show it. */
static void tell_end(struct lab_show *s, const struct lab_end *end)
{
	struct buf what = { 0 }, real = { 0 };

	if (end->has_result) {
		if (end->own_timer)
			buf_str(&what, "the client's own timer fired; it closed the socket");
		else if (end->error)
			buf_fmt(&what, "connect: %s (%s)", errno_text(end->error), errno_name(end->error));
		else
			buf_str(&what, "connect: connected");
		add_real(&real, end->real_ns, s->c->fast);
	} else if (end->exit_signal) {
		const char *name = sigabbrev_np(end->exit_signal);

		buf_fmt(&what, "the client was killed by SIG%s", name ? name : "?");
		add_real(&real, end->run_ns, s->c->fast);
	} else if (end->run_ns) {
		buf_fmt(&what, "the client exited with status %d", end->exit_status);
		add_real(&real, end->run_ns, s->c->fast);
	} else {
		return;
	}
	on_step(s, 7, buf_text(&what), buf_text(&real));
	buf_fini(&what);
	buf_fini(&real);
}

static void tell_rules(struct lab_show *s, const struct lab_end *end)
{
	struct buf line = { 0 };
	char text[160];
	int i;

	for (i = 0; i < end->n_rules; i++) {
		const struct lab_rule *r = &end->rules[i];

		firewall_nft_text(&r->rule, text, sizeof(text));
		buf_reset(&line);
		buf_fmt(&line, "rule %d of %s, \"%s\": %" PRIu64 " packet%s", i + 1,
			r->rule.hook == HOOK_INPUT ? "input" : "output", text, r->packets, r->packets == 1 ? "" : "s");
		if (end->n_rules > 1)
			buf_str(&line, r->acts ? "  <- it decides" : "  (never reached)");
		if (r->lifted)
			buf_str(&line, " before it was removed");
		on_note(s, buf_text(&line));
	}
	buf_fini(&line);
}

static void print_attempt(struct lab_show *s, const struct attempt *a, bool last)
{
	struct attempt *scaled = s->c->fast ? malloc(sizeof(*scaled)) : NULL;
	struct story *story = malloc(sizeof(*story));
	struct verdict v;

	verdict_make(a, &v);
	if (scaled)
		timescale_attempt(a, scaled);
	if (!s->o.quiet)
		putchar('\n');
	show_verdict(a, &v, &s->o.terminal);
	if (s->c->fast)
		puts("  fast         times in this verdict are the real clock's; a first RTO of 1 s would stretch them");
	if (!s->o.quiet && last && story) {
		putchar('\n');
		show_table(a, &v, scaled);
		lab_story(a, &v, s->c, story);
		show_diagram(story, &s->o.terminal);
	}
	free(story);
	free(scaled);
}

static int write_files(struct lab_show *s, struct err *e)
{
	const struct attempt *last = s->n_attempts ? &s->attempts[s->n_attempts - 1] : NULL;
	int r = 0;

	if (s->events) {
		r = events_close(s->events, e);
		s->events = NULL;
	}
	if (!r && s->o.capture)
		r = lab_files_capture(&s->files, s->o.capture, last, e);
	if (!r && s->o.svg && last)
		r = lab_files_svg(s->o.svg, last, s->c, e);
	return r;
}

int lab_show_end(struct lab_show *s, const struct lab_end *end, struct err *e)
{
	int i, r;

	terminal_progress(&s->o.terminal, "");
	if (end->interrupted)
		on_note(s, "interrupted; this is what is known:");
	else
		tell_end(s, end);
	tell_rules(s, end);
	if (!s->o.json)
		for (i = 0; i < s->n_attempts; i++)
			print_attempt(s, &s->attempts[i], i == s->n_attempts - 1);
	if (tells(s) && end->studied && !end->interrupted && s->c->scenario->explain && !s->c->argv)
		printf("\n%s\n", s->c->scenario->explain);
	fflush(stdout);
	r = write_files(s, e);
	if (r)
		return e->exit_code ? e->exit_code : 4;
	if (end->interrupted)
		return 128 + SIGINT;
	if (end->studied && !s->n_attempts) {
		char at[ENDPOINT_TEXT_LEN];

		err_set(e, ENOENT, "the client made no attempt to connect to %s", endpoint_format(&s->c->server, at));
		err_remedy(e, "give it that address and port, or choose them with --address and --port");
		return 1;
	}
	if (s->lost) {
		err_set(e, ENOBUFS, "%" PRIu64 " packets were lost by the capture; the counts above may be short",
			s->lost);
		return 4;
	}
	return 0;
}
