/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_show.h"
#include "cli/show.h"
#include "core/story.h"
#include "sinks/events.h"
#include "sinks/text.h"

#define MS 1000000LL

/* As `time` has it, but that what took less than 10 ms is not shown as nothing. */
static void add_real(struct buf *b, int64_t ns, bool fast)
{
	buf_str(b, "real ");
	if (ns < 10 * MS)
		buf_fmt(b, "%" PRId64 ".%02d ms", (int64_t)(ns / MS), (int)(ns % MS / (MS / 100)));
	else
		text_seconds(ns, b);
	buf_fmt(b, "%s%s", ns < 10 * MS ? "" : " s", fast && ns >= 10 * MS ? " (fast)" : "");
}

/* Step 7: what the client saw, as time would show it. */
static void tell_end(struct lab_show *s, const struct lab_end *end)
{
	struct buf what = { 0 }, real = { 0 };

	if (end->has_result) {
		if (end->own_timer)
			buf_str(&what, "the client's own timer fired; it gave up");
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
	lab_show_step(s, 7, buf_text(&what), buf_text(&real));
	buf_fini(&what);
	buf_fini(&real);
}

/* What the rules counted, and the server's kernel where no rule did it. */
static void tell_counts(struct lab_show *s, const struct lab_end *end)
{
	struct buf line = { 0 };
	char text[160];
	int i;

	for (i = 0; i < end->n_rules; i++) {
		const struct lab_rule *r = &end->rules[i];

		firewall_nft_text(&r->rule, text, sizeof(text));
		buf_reset(&line);
		buf_fmt(&line, "rule %d of %s: %" PRIu64 " packet%s", i + 1,
			r->rule.hook == HOOK_INPUT ? "input" : "output", r->packets, r->packets == 1 ? "" : "s");
		if (end->n_rules > 1)
			buf_str(&line, r->acts ? ", it decides" : ", never reached");
		if (r->lifted)
			buf_str(&line, " until it was removed");
		buf_fmt(&line, ", \"%s\"%s", text, i ? "" : "   <- iptables -nvL");
		lab_show_note(s, buf_text(&line));
	}
	if (s->c->scenario->server == SERVER_ACCEPTS_NOTHING) {
		buf_reset(&line);
		buf_fmt(&line, "ListenOverflows %" PRId64 ": the server's kernel ignored as many SYNs   <- nstat -az",
			end->listen_overflows);
		lab_show_note(s, buf_text(&line));
	}
	buf_fini(&line);
}

/* Several attempts are told apart by number and port, and summed up first. */
static void tell_summary(struct lab_show *s)
{
	int counts[OUTCOME_N] = { 0 }, i;
	const char *sep = ": ";
	struct verdict v;

	for (i = 0; i < s->n_attempts; i++) {
		verdict_make(&s->attempts[i], &v);
		counts[v.outcome]++;
	}
	if (!s->o.quiet)
		putchar('\n');
	printf("%d attempts", s->n_attempts);
	for (i = 0; i < OUTCOME_N; i++) {
		if (!counts[i])
			continue;
		printf("%s%d %s", sep, counts[i], outcome_word((enum outcome)i));
		sep = ", ";
	}
	putchar('\n');
}

static void print_attempt(struct lab_show *s, int i)
{
	const struct attempt *a = &s->attempts[i];
	bool last = i == s->n_attempts - 1;
	struct attempt *scaled = NULL;
	struct story *story = malloc(sizeof(*story));
	struct verdict v;

	verdict_make(a, &v);
	if (lab_is_scaled(a, &v, s->c))
		scaled = malloc(sizeof(*scaled));
	if (scaled)
		timescale_attempt(a, scaled);
	if (!s->o.quiet || s->n_attempts > 1)
		putchar('\n');
	if (s->n_attempts > 1) {
		char from[ENDPOINT_TEXT_LEN];

		printf("Attempt %d of %d, from %s\n", i + 1, s->n_attempts, endpoint_format(&a->flow.client, from));
	}
	show_verdict(a, &v, scaled, &s->o.terminal);
	if (!s->o.quiet && last && story) {
		putchar('\n');
		show_table(a, &v, scaled);
		lab_story(a, &v, s->c, story);
		show_diagram(story, &s->o.terminal);
	}
	free(story);
	free(scaled);
}

static void print_end(struct lab_show *s, const struct lab_end *end)
{
	int i;

	if (s->o.json || s->gone)
		return;
	if (s->n_attempts > 1)
		tell_summary(s);
	for (i = 0; i < s->n_attempts; i++)
		print_attempt(s, i);
	if (lab_show_tells(s) && end->studied && !end->interrupted && s->c->scenario->explain && !s->c->argv)
		printf("\n%s\n", s->c->scenario->explain);
	fflush(stdout);
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
		r = lab_files_capture(&s->packets, s->o.capture, last, e);
	if (!r && s->o.svg && last)
		r = lab_files_svg(s->o.svg, last, s->c, e);
	return r;
}

int lab_show_end(struct lab_show *s, const struct lab_end *end, bool failed, struct err *e)
{
	int r;

	terminal_progress(&s->o.terminal, "");
	if (failed && !s->n_attempts)
		return 0;
	lab_show_netstat(s);
	if (end->interrupted)
		lab_show_note(s, "interrupted; this is what is known:");
	else
		tell_end(s, end);
	tell_counts(s, end);
	print_end(s, end);
	if (s->o.verbose)
		lab_talk(s, end);
	r = write_files(s, e);
	if (r)
		return e->exit_code ? e->exit_code : 4;
	if (s->gone)
		return 128 + SIGPIPE;
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
	if (end->counts.evicted) {
		err_set(e, ENOBUFS,
			"%" PRIu64 " attempts were given before their end: more than the table holds were open",
			end->counts.evicted);
		return 4;
	}
	return 0;
}
