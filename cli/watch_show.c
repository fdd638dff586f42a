/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>

#include "cli/watch_further.h"
#include "cli/watch_inbound_verdict.h"
#include "cli/watch_rules.h"
#include "cli/watch_tally.h"
#include "core/summary.h"
#include "sinks/attempt_json.h"
#include "sinks/screen.h"
#include "sinks/watch_line.h"
#include "sinks/watch_summary.h"
#include "util/clock.h"

#define PROCESSES_SHOWN 8

struct watch_show {
	const struct watch_setup *o;
	struct watch_parts with;
	struct watch_further *further;
	struct screen *screen; /* NULL: lines are printed */
	struct summary *summary;
	struct watch_tally *tally; /* by process */
	struct buf out;		   /* lines that wait to be written */
	int64_t begun_ns;	   /* CLOCK_MONOTONIC */
	uint64_t shown, pending;
	uint64_t cancelled; /* abandoned, likely because another address won */
	uint64_t ownerless; /* that may have been asked for: whose they were is not known */
	bool headed;
};

int watch_show_new(const struct watch_setup *o, struct watch_show **ret, struct err *e)
{
	struct watch_show *s = calloc(1, sizeof(*s));
	uint64_t seed = 1;

	if (!s)
		return err_sys(e, ENOMEM, "watch");
	if (getrandom(&seed, sizeof(seed), 0) < 0)
		seed = 1;
	s->o = o;
	s->summary = summary_new(seed);
	s->tally = watch_tally_new();
	s->further = watch_further_new();
	if (!s->summary || !s->tally || !s->further) {
		watch_show_free(s);
		return err_sys(e, ENOMEM, "watch");
	}
	*ret = s;
	return 0;
}

void watch_show_free(struct watch_show *s)
{
	if (!s)
		return;
	summary_free(s->summary);
	watch_tally_free(s->tally);
	watch_further_free(s->further);
	buf_fini(&s->out);
	free(s);
}

static void say(const struct watch_show *s, const char *text)
{
	if (s->o->terminal.progress && !s->o->quiet && !s->o->json && !s->o->top)
		fprintf(stderr, "%s\n", text);
}

void watch_show_begin(struct watch_show *s, const struct watch_parts *parts)
{
	const char *without = watch_source_without(parts->source), *remedy = watch_source_remedy(parts->source);
	const char *unseen = watch_source_drops_unseen(parts->source);
	struct buf b = { 0 };

	s->with = *parts;
	s->begun_ns = clock_mono_ns();
	watch_further_begin(s->further, s->o, parts->source, parts->rules);
	if (without) {
		buf_str(&b, "synsent: watch: without eBPF: ");
		buf_escaped(&b, without, strlen(without));
		if (remedy[0] && !s->o->no_bpf)
			buf_fmt(&b, "\n  %s", remedy);
		buf_str(&b,
			"\n  this network namespace only, by packets and sock_diag as far as they may be seen; verdicts may "
			"be less certain, and say so\n");
		fputs(buf_text(&b), stderr);
		buf_fini(&b);
	}
	if (unseen)
		fprintf(stderr, "synsent: watch: not all packets that this host drops are seen: %s%s\n", unseen,
			watch_source_drops(parts->source) == TRACE_DROPS_SOME
				? "\n  seen are those that a rule, a route, a silent neighbour, or tc or a cgroup's "
				  "program on the way out dropped"
				: "");
	if (watch_source_missed_earlier(parts->source))
		fputs("synsent: watch: of what waits already only a part was found: there are too many descriptors, or this "
		      "kernel does not let them be looked at\n",
		      stderr);
	say(s, s->o->argv ? "Watching the command and its children." : "Watching; Ctrl-C ends it with a summary.");
}

/* CMD has standard output for itself. */
static int columns(const struct watch_show *s)
{
	return terminal_columns(s->o->argv ? STDERR_FILENO : STDOUT_FILENO);
}

static void put_head(struct watch_show *s)
{
	if (!s->headed)
		watch_line_head(columns(s), &s->out);
	s->headed = true;
}

static void put_attempt(struct watch_show *s, const struct attempt *a, const struct verdict *v)
{
	const char *cgroup = cgroups_path(s->o->cgroups, a->cgroup);
	char container[CONTAINER_ID_LEN];
	const struct attempt_json_opts jo = { .source = "watch", .container = container, .cgroup = cgroup };
	const struct watch_line_look look = {
		.color = s->o->terminal.color, .evidence = s->o->verbose, .columns = columns(s), .container = container
	};

	cgroups_container(cgroup, container);
	if (s->o->json) {
		attempt_json(a, v, &jo, &s->out);
		return;
	}
	put_head(s);
	watch_line(a, v, &look, &s->out);
}

/* One more was shown, or would be but for -q. */
static bool is_enough(struct watch_show *s)
{
	return ++s->shown == (uint64_t)s->o->count;
}

/* All are shown, whatever becomes of them: then words are wanted at once, and no attempt is judged twice. */
static bool shows_all(const struct watch_show *s)
{
	return !s->o->quiet && !s->screen && !s->o->want.failures && !s->o->want.slow_ns;
}

/* n attempts like that one. */
static void feed(struct watch_show *s, const struct attempt *a, const struct verdict *v, uint64_t n)
{
	struct digest d;

	digest_make(a, v, &d);
	s->cancelled += d.cancelled ? n : 0;
	if (s->with.metrics)
		watch_metrics_feed(s->with.metrics, &d, n);
	watch_tally_feed(s->tally, a->comm, digest_failed(&d), n);
	while (n--)
		summary_feed(s->summary, &d);
}

bool watch_show_attempt(struct watch_show *s, const struct attempt *a)
{
	const struct attempt *more;
	struct verdict v;

	if (!watch_wants(&s->o->want, a, s->o->cgroups)) {
		s->ownerless += watch_wants_owner(&s->o->want, a);
		return false;
	}
	a = watch_further_first(s->further, a);
	if (shows_all(s))
		verdict_make(a, &v);
	else
		verdict_conclude(a, &v);
	feed(s, a, &v, 1);
	/* Rates are of all. */
	if (s->screen && v.outcome == OUTCOME_ESTABLISHED)
		screen_ended(s->screen, a, &v);
	if (!watch_wants_end(&s->o->want, &v) || (s->screen && v.outcome == OUTCOME_ESTABLISHED))
		return false;
	if (s->o->quiet)
		return is_enough(s);
	more = watch_further_shown(s->further, a);
	if (more != a || v.wordless)
		verdict_make(more, &v);
	if (s->screen)
		screen_ended(s->screen, more, &v);
	else
		put_attempt(s, more, &v);
	return is_enough(s);
}

void watch_show_on(struct watch_show *s, struct screen *screen)
{
	s->screen = screen;
}

static void on_waiting(const struct attempt *a, void *user)
{
	struct watch_show *s = user;

	if (watch_wants(&s->o->want, a, s->o->cgroups))
		screen_pending_add(s->screen, a);
}

void watch_show_now(struct watch_show *s)
{
	struct watch_summary_loss losses[WATCH_LOSSES_MAX];
	int n = watch_source_losses(s->with.source, losses), i;
	uint64_t lost = 0;

	for (i = 0; i < n; i++)
		lost += losses[i].n;
	screen_lost(s->screen, lost);
	screen_pending_begin(s->screen);
	screen_pending_end(s->screen, watch_source_pending(s->with.source, on_waiting, s));
}

bool watch_show_inbound(struct watch_show *s, const struct attempt *a, const struct digest *d)
{
	const struct watch_line_look look = { .color = s->o->terminal.color,
					      .evidence = s->o->verbose,
					      .columns = columns(s) };
	const struct attempt_json_opts jo = { .source = "watch", .inbound = true };
	const enum trace_drops drops = watch_source_drops(s->with.source);
	struct watch_inbound_known known = { .sees_drops = drops == TRACE_DROPS_ALL,
					     .sees_rules = drops != TRACE_DROPS_NONE };
	struct attempt told;
	struct verdict v;

	if (s->o->quiet || s->screen)
		return false;
	told = *a;
	told.number = 0;
	watch_further_inbound(s->further, d, &told);
	known.drop = told.n_drops ? &told.drops[0] : NULL;
	if (!known.drop && d->answer == REPLY_RST)
		known.nobody_listens = watch_further_nobody(s->further, &told);
	watch_inbound_verdict(&told, d, &known, &v);
	if (s->o->json) {
		attempt_json(&told, &v, &jo, &s->out);
	} else {
		put_head(s);
		watch_line_inbound(&told, &v, known.drop, &look, &s->out);
	}
	return is_enough(s);
}

static void on_counted(const struct attempt *a, uint64_t n, void *user)
{
	struct watch_show *s = user;
	struct verdict v;

	verdict_conclude(a, &v);
	feed(s, a, &v, n);
	/* Nothing is shown of those but their number: only what is established comes here then. */
	while (s->screen && v.outcome == OUTCOME_ESTABLISHED && n--)
		screen_ended(s->screen, a, &v);
}

void watch_show_refresh(struct watch_show *s)
{
	watch_source_counted(s->with.source, on_counted, s);
}

/* False: it cannot be written. */
static bool put_out(const struct watch_show *s, struct buf *b)
{
	bool ok = true;

	if (s->o->argv)
		fwrite(buf_text(b), 1, b->len, stderr);
	else
		ok = !terminal_write(buf_text(b), b->len);
	buf_reset(b);
	return ok;
}

int watch_show_fds(const struct watch_show *s, struct pollfd *fds)
{
	return watch_further_fds(s->further, fds);
}

int watch_show_wait_ms(const struct watch_show *s)
{
	return watch_further_wait_ms(s->further);
}

bool watch_show_turn(struct watch_show *s)
{
	watch_further_turn(s->further);
	return !s->out.len || put_out(s, &s->out);
}

/* ---- summary ---- */

static void on_pending(const struct attempt *a, void *user)
{
	struct watch_show *s = user;
	struct verdict v;

	if (!watch_wants(&s->o->want, a, s->o->cgroups))
		return;
	s->pending++;
	if (!s->o->pending)
		return;
	verdict_make(a, &v);
	put_attempt(s, a, &v);
}

static int add_loss(struct watch_summary_loss *to, int n, const char *source, uint64_t lost)
{
	to[n] = (struct watch_summary_loss){ source, lost };
	return n + 1;
}

/* True: something was lost. */
static bool facts(struct watch_show *s, struct watch_summary_facts *f, struct watch_summary_loss *losses,
		  struct watch_summary_process *processes)
{
	const char *without = watch_source_without(s->with.source);
	struct watch_inbound_counts in = { 0 };
	int i, n = watch_source_losses(s->with.source, losses);
	uint64_t nat;

	n = add_loss(losses, n, "owner unknown", s->ownerless);
	if (s->with.rules && s->o->rules)
		n = add_loss(losses, n, "rules", watch_rules_lost(s->with.rules));
	if (watch_further_lost(s->further, &nat))
		n = add_loss(losses, n, "NAT events", nat);
	if (s->with.inbound) {
		watch_inbound_counts(s->with.inbound, &in);
		n = add_loss(losses, n, "inbound packets", in.lost);
		n = add_loss(losses, n, "inbound table", in.evicted);
	}
	*f = (struct watch_summary_facts){ .took_ns = clock_mono_ns() - s->begun_ns,
					   .pending = s->pending,
					   .cancelled = s->cancelled,
					   .losses = losses,
					   .n_losses = n,
					   .processes = processes,
					   .without =
						   without ? "this network namespace only, with less certainty" : NULL,
					   .drops_unseen = watch_source_drops_unseen(s->with.source),
					   .has_inbound = s->with.inbound,
					   .in_answered = in.answered,
					   .in_late = in.late,
					   .in_refused = in.refused,
					   .in_ignored = in.ignored };
	f->unseen = watch_source_unseen(s->with.source, &f->unseen_failed);
	f->n_processes = watch_tally_worst(s->tally, processes, PROCESSES_SHOWN, &f->other_processes);
	for (i = 0; i < n && !losses[i].n; i++)
		;
	return i < n;
}

static bool sum(struct watch_show *s, bool goes_on)
{
	const struct summary_look look = { .color = s->o->terminal.color && !s->o->json, .utf8 = s->o->terminal.utf8 };
	struct watch_summary_process processes[PROCESSES_SHOWN];
	struct watch_summary_loss losses[WATCH_LOSSES_MAX + 5];
	struct watch_summary_facts f;
	struct buf b = { 0 };
	bool lost;

	s->pending = 0;
	watch_show_refresh(s);
	watch_source_pending(s->with.source, on_pending, s);
	watch_show_turn(s);
	lost = facts(s, &f, losses, processes);
	if (s->headed && !s->o->json && !s->o->top)
		buf_char(&b, '\n');
	watch_summary_text(s->summary, &f, &look, &b);
	if (goes_on && !s->o->json)
		buf_char(&b, '\n');
	if (!s->o->json)
		put_out(s, &b);
	else if (!s->o->argv || goes_on || lost)
		fputs(buf_text(&b), stderr); /* CMD's JSON has its place, while there is nothing that must be said */
	buf_fini(&b);
	s->headed = false;
	return lost;
}

void watch_show_sum(struct watch_show *s)
{
	sum(s, true);
}

bool watch_show_end(struct watch_show *s)
{
	struct err e = { 0 };

	watch_source_finish(s->with.source, &e);
	return sum(s, false);
}
