/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>

#include "cli/watch_inbound_verdict.h"
#include "cli/watch_lost.h"
#include "cli/watch_nat.h"
#include "cli/watch_copies.h"
#include "cli/watch_neighbour.h"
#include "cli/watch_route.h"
#include "cli/watch_rules.h"
#include "cli/watch_tally.h"
#include "core/summary.h"
#include "sinks/attempt_json.h"
#include "sinks/screen.h"
#include "sinks/watch_line.h"
#include "sinks/watch_summary.h"
#include "util/clock.h"
#include "util/duration.h"

#define PROCESSES_SHOWN 8

struct watch_show {
	const struct watch_setup *o;
	struct watch_parts with;
	struct watch_ask *lost;
	struct watch_ask *route;
	struct watch_ask *neighbour, *copies;
	struct watch_nat *nat;
	struct screen *screen; /* NULL: lines are printed */
	struct attempt more;   /* an attempt, and what was found out of it */
	struct attempt looked; /* the same, of its next hop or its route: before it is judged, and counted */
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
	s->lost = watch_ask_new();
	s->route = watch_ask_new();
	s->neighbour = watch_ask_new();
	s->copies = watch_ask_new();
	s->nat = watch_nat_new();
	if (!s->summary || !s->tally || !s->lost || !s->route || !s->neighbour || !s->copies || !s->nat) {
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
	watch_ask_free(s->lost);
	watch_ask_free(s->route);
	watch_ask_free(s->neighbour);
	watch_ask_free(s->copies);
	watch_nat_free(s->nat);
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
	struct buf b = { 0 };

	s->with = *parts;
	s->begun_ns = clock_mono_ns();
	/* nothing but numbers is shown else, and no verdict's confidence */
	watch_nat_begin(s->nat, parts->source, !s->o->quiet || s->o->count, s->o->want.netns, s->o->want.n_netns);
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

/* The kernel is asked for what no event told of. */
static void look_for_loss(struct watch_show *s, struct attempt *a, struct flow *as)
{
	struct drop d;

	watch_nat_look(s->nat, a, as);
	if (!watch_lost_is_unknown(a) || a->n_drops == ATTEMPT_DROPS_MAX)
		return;
	if (!a->silent_hop.family)
		watch_neighbour_look(s->neighbour, a, watch_source_now(s->with.source));
	if (a->silent_hop.family || !watch_lost_backlog(s->lost, a->netns, as, &d))
		return;
	d.packets = (uint64_t)a->n_syns;
	a->drops[a->n_drops++] = d;
}

/* What is shown is worth a question to the kernel, and to nft. */
static const struct attempt *look_further(struct watch_show *s, const struct attempt *a)
{
	bool neighbour = watch_neighbour_concerns(a), unknown;
	struct drop copies[ATTEMPT_DROPS_MAX];
	struct flow as = a->flow;
	int n = 0;

	unknown = watch_lost_is_unknown(a) && a->n_drops < ATTEMPT_DROPS_MAX;
	if (!a->n_drops && !unknown && !neighbour && !(s->with.rules && s->o->rules && !a->connected))
		return a;
	s->more = *a;
	if (watch_copies_decides(a)) {
		n = watch_copies_take(&s->more, copies);
		unknown |= watch_lost_is_unknown(&s->more);
	}
	if (unknown)
		look_for_loss(s, &s->more, &as);
	if (neighbour)
		watch_neighbour_look(s->neighbour, &s->more, watch_source_now(s->with.source));
	watch_copies_give(&s->more, copies, n);
	if (s->with.rules) {
		/* by the rules where it was dropped */
		s->more.flow = as;
		watch_rules_name(s->with.rules, &s->more);
		s->more.flow = a->flow;
	}
	return &s->more;
}

/* Who gave up may depend on it. */
static const struct attempt *look_first(struct watch_show *s, const struct attempt *a)
{
	bool neighbour = watch_neighbour_decides(a), route = watch_route_decides(a), nat = watch_nat_decides(s->nat, a),
	     copies = watch_copies_decides(a);

	if (!neighbour && !route && !nat && !copies)
		return a;
	s->looked = *a;
	if (copies)
		watch_copies_doubt(s->copies, &s->looked);
	if (neighbour)
		watch_neighbour_look(s->neighbour, &s->looked, watch_source_now(s->with.source));
	if (route)
		watch_route_look(s->route, &s->looked);
	if (nat)
		watch_nat_refused(s->nat, &s->looked);
	return &s->looked;
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
	a = look_first(s, a);
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
	more = look_further(s, a);
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

/* The clocks of packets and of drops differ by a hair. */
#define DROP_SLACK_NS (100 * NS_PER_MS)

/* Else it was of an earlier attempt from the same port.  Ages are compared: a suspended host sets only one clock ahead.
 */
static bool is_of_this(const struct watch_show *s, const struct drop *d, const struct attempt *a)
{
	return watch_source_now(s->with.source) - d->last_ns <= clock_real_ns() - attempt_start_ns(a) + DROP_SLACK_NS;
}

/* What answered, or else its SYN, was dropped so. */
static bool find_inbound_drop(struct watch_show *s, const struct digest *d, const struct attempt *a, struct drop *ret)
{
	if (watch_source_dropped(s->with.source, &a->flow, TRACE_DROPPED_ANSWER, ret) && is_of_this(s, ret, a) &&
	    watch_inbound_answer_is_lost(d, ret))
		return true;
	return watch_source_dropped(s->with.source, &a->flow, TRACE_DROPPED_INBOUND, ret) && is_of_this(s, ret, a) &&
	       !watch_inbound_repeated(d, ret);
}

/* Where its SYNs were dropped, or what answered them, and by which rule. */
static void add_inbound_drop(struct watch_show *s, const struct digest *d, struct attempt *a)
{
	struct drop *drop = &a->drops[0];
	bool dropped = find_inbound_drop(s, d, a, drop);

	if (!dropped && d->answer == REPLY_NONE)
		dropped = watch_lost_backlog(s->lost, a->netns, &a->flow, drop);
	else if (dropped && drop->netns && drop->netns != a->netns)
		drop->place = DROP_PATH_OR_PEER; /* it was forwarded, to another namespace */
	a->n_drops = dropped;
	if (s->with.rules && (dropped || d->answer != REPLY_SYN_ACK))
		watch_rules_name(s->with.rules, a);
}

bool watch_show_inbound(struct watch_show *s, const struct attempt *a, const struct digest *d)
{
	const struct watch_line_look look = { .color = s->o->terminal.color,
					      .evidence = s->o->verbose,
					      .columns = columns(s) };
	const struct attempt_json_opts jo = { .source = "watch", .inbound = true };
	struct watch_inbound_known known = { .sees_drops = !watch_source_without(s->with.source) };
	struct attempt told;
	struct verdict v;

	if (s->o->quiet || s->screen)
		return false;
	told = *a;
	told.number = 0;
	add_inbound_drop(s, d, &told);
	known.drop = told.n_drops ? &told.drops[0] : NULL;
	if (!known.drop && d->answer == REPLY_RST)
		known.nobody_listens = watch_lost_nobody(s->lost, told.netns, &told.flow.server);
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
	return watch_nat_fds(s->nat, fds);
}

int watch_show_wait_ms(const struct watch_show *s)
{
	return watch_nat_wait_ms(s->nat);
}

bool watch_show_turn(struct watch_show *s)
{
	watch_nat_turn(s->nat);
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
	if (watch_nat_lost(s->nat, &nat))
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
