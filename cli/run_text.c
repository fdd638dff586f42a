/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/run_show.h"
#include "core/verdict.h"
#include "sinks/figures.h"
#include "sinks/text.h"

#define INDENT "         "
#define ALL_SHOWN 12	/* logical connects of a run whose successes are shown, too */
#define FAILED_SHOWN 40 /* and of any run, failures */
#define SYN_TIMES_SHOWN 8
#define MEMBERS_SHOWN 12 /* addresses of one logical connect */

static void put_line(struct buf *b)
{
	fputs(buf_text(b), stderr);
	fputc('\n', stderr);
	buf_fini(b);
}

static void add_who(const struct tried *t, struct buf *to)
{
	if (t->comm[0])
		buf_escaped(to, t->comm, strnlen(t->comm, sizeof(t->comm)));
	else
		buf_str(to, "a process");
	if (t->pid)
		buf_fmt(to, "[%d]", t->pid);
}

static void add_server(const struct tried *t, struct buf *to)
{
	char at[ENDPOINT_TEXT_LEN];

	buf_str(to, endpoint_format(&t->flow.server, at));
	if (!t->name[0])
		return;
	buf_str(to, " (");
	buf_escaped(to, t->name, strnlen(t->name, sizeof(t->name)));
	buf_char(to, ')');
}

static bool headline_says_when(const struct run_show *s, const struct tried *t)
{
	const struct attempt *a = t->outcome == OUTCOME_ABANDONED ? run_show_kept(s, t->number) : NULL;
	struct verdict v;

	if (!a)
		return false;
	verdict_make(a, &v);
	return strstr(v.headline, " after ") != NULL;
}

static void add_outcome(const struct run_show *s, const struct tried *t, struct buf *to)
{
	bool color = s->o.terminal.color;

	if (color)
		buf_str(to, t->outcome == OUTCOME_ESTABLISHED ? "\033[32m" : t->cancelled ? "" : "\033[31m");
	buf_str(to, outcome_word(t->outcome));
	if (color)
		buf_str(to, "\033[0m");
	if (!t->cancelled && headline_says_when(s, t))
		return;
	buf_str(to, t->outcome == OUTCOME_PENDING ? " for " : " after ");
	figures_elapsed(t->elapsed_ns, to);
	if (t->error && t->outcome != OUTCOME_ESTABLISHED)
		buf_fmt(to, ", %s", errno_name(t->error));
}

/* "SYNs at 0, 1.02 and 3.04 s" */
static void add_syn_times(const struct attempt *a, struct buf *to)
{
	int n = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns : ATTEMPT_SYNS_MAX, i;
	int shown = n < SYN_TIMES_SHOWN ? n : SYN_TIMES_SHOWN;

	if (!n) {
		buf_str(to, "no SYN left");
		return;
	}
	buf_str(to, n == 1 ? "one SYN" : "SYNs at 0");
	for (i = 1; i < shown; i++) {
		buf_str(to, i == n - 1 ? " and " : ", ");
		if (a->syn_ns[i])
			buf_fmt(to, "%.2f", (double)(a->syn_ns[i] - attempt_start_ns(a)) / 1e9);
		else
			buf_str(to, "?");
	}
	if (n > 1)
		buf_str(to, " s");
	if (n > shown)
		buf_fmt(to, " and %d more", n - shown);
}

/* What the kernel would have done, had the application waited. */
static void add_rest(const struct attempt *a, const struct tried *t, struct buf *to)
{
	int64_t syns[SCHEDULE_SYNS_MAX], end = 0, next;
	bool exact = false;
	int n = verdict_predict(a, syns, SCHEDULE_SYNS_MAX, &end, &exact);

	if (!n || (t->outcome != OUTCOME_ABANDONED && t->outcome != OUTCOME_KILLED && t->outcome != OUTCOME_PENDING))
		return;
	next = a->n_syns < n ? syns[a->n_syns] - t->elapsed_ns : 0;
	if (next > 0) {
		buf_fmt(to, "; SYN %d was due ", a->n_syns);
		figures_elapsed(next, to);
		buf_str(to, " later");
	}
	buf_str(to, t->outcome == OUTCOME_PENDING ? "; the kernel goes on until "
						  : "; the kernel would have gone on until ");
	figures_elapsed(end, to);
}

static void tell_drops(const struct attempt *a, const char *indent)
{
	struct buf b = { 0 };
	int i;

	for (i = 0; i < a->n_drops; i++) {
		const struct drop *d = &a->drops[i];

		buf_str(&b, indent);
		buf_str(&b, text_rejects(d->rule) ? "rejected at " : "dropped at ");
		buf_str(&b, drop_place_word(d->place));
		if (d->packets)
			buf_fmt(&b, ", %" PRIu64 " %s%s", d->packets, d->reply ? "SYN-ACK" : "SYN",
				d->packets == 1 ? "" : "s");
		if (!d->rule[0] || d->place == DROP_PEER_BACKLOG)
			buf_fmt(&b, ", %s%s", d->reason, d->rule[0] ? ": " : "");
		else
			buf_str(&b, strcmp(d->reason, "fault") ? ", by the rule " : ", by the fault ");
		buf_escaped(&b, d->rule, strnlen(d->rule, sizeof(d->rule)));
		put_line(&b);
	}
}

/* The evidence, and predicted against observed. */
static void tell_evidence(const struct attempt *a, const char *indent)
{
	struct buf b = { 0 };
	struct verdict v;
	int i;

	verdict_make(a, &v);
	for (i = 0; i < v.n_evidence; i++) {
		buf_fmt(&b, "%s- ", indent);
		buf_escaped(&b, v.evidence[i], strlen(v.evidence[i]));
		put_line(&b);
	}
	text_table(a, &v, NULL, &b);
	fputs(buf_text(&b), stderr);
	buf_fini(&b);
}

/* Under the line of an attempt: what was sent, what would have been, what was in the way. */
static void tell_more(const struct run_show *s, const struct tried *t, const char *indent)
{
	const struct attempt *a = run_show_kept(s, t->number);
	struct buf b = { 0 };

	if (!a || t->cancelled || (t->outcome == OUTCOME_ESTABLISHED && t->n_syns == 1 && !a->n_drops))
		return;
	buf_str(&b, indent);
	add_syn_times(a, &b);
	if (t->n_replies)
		buf_fmt(&b, "; %d repl%s, %d ignored", t->n_replies, t->n_replies == 1 ? "y" : "ies", t->n_ignored);
	add_rest(a, t, &b);
	put_line(&b);
	tell_drops(a, indent);
	if (s->o.verbose)
		tell_evidence(a, indent);
}

static void add_headline(const struct run_show *s, const struct tried *t, struct buf *to)
{
	const struct attempt *a = run_show_kept(s, t->number);
	struct verdict v;

	if (t->cancelled) {
		buf_str(to, ": cancelled, since another address won");
		return;
	}
	if (!a || t->outcome == OUTCOME_ESTABLISHED)
		return;
	verdict_make(a, &v);
	buf_str(to, ": ");
	buf_escaped(to, v.headline, strlen(v.headline));
	if (!strstr(v.headline, confidence_word(v.confidence)))
		buf_fmt(to, " (%s)", confidence_word(v.confidence));
}

static void tell_attempt(const struct run_show *s, const struct tried *t)
{
	struct buf b = { 0 };

	buf_str(&b, "synsent: ");
	add_who(t, &b);
	buf_char(&b, ' ');
	add_server(t, &b);
	buf_str(&b, "  ");
	add_outcome(s, t, &b);
	add_headline(s, t, &b);
	put_line(&b);
	tell_more(s, t, INDENT);
}

/* One of several of a logical connect, whose process and name are told. */
static void tell_member(const struct run_show *s, const struct tried *t)
{
	char at[ENDPOINT_TEXT_LEN];
	struct buf b = { 0 };

	buf_fmt(&b, INDENT "%s  ", endpoint_format(&t->flow.server, at));
	add_outcome(s, t, &b);
	add_headline(s, t, &b);
	put_line(&b);
	tell_more(s, t, INDENT "    ");
}

static const struct tried *decider(const struct run_show *s, uint32_t logical)
{
	return &s->tried[s->deciders[logical - 1]];
}

static void tell_group(const struct run_show *s, uint32_t logical)
{
	const struct tried *first = &s->tried[logical - 1], *by = decider(s, logical);
	uint32_t members = s->members[logical - 1], shown = 0;
	struct buf b = { 0 };
	size_t i;

	buf_str(&b, "synsent: ");
	add_who(first, &b);
	buf_fmt(&b, " to ");
	if (first->name[0])
		buf_escaped(&b, first->name, strnlen(first->name, sizeof(first->name)));
	else
		buf_fmt(&b, "port %u", first->flow.server.port);
	buf_fmt(&b, ", %u addresses tried: ", members);
	if (by->outcome == OUTCOME_ESTABLISHED)
		buf_str(&b, "connected after ");
	else
		buf_str(&b, "none connected within ");
	figures_elapsed(by->end_ns - first->start_ns, &b);
	put_line(&b);
	for (i = logical - 1; i < s->n_tried && shown < members && shown < MEMBERS_SHOWN; i++)
		if (s->tried[i].logical == logical) {
			tell_member(s, &s->tried[i]);
			shown++;
		}
	if (members > shown)
		fprintf(stderr, INDENT "and %u more (-j lists all)\n", members - shown);
}

static bool is_smooth(const struct tried *t)
{
	return t->outcome == OUTCOME_ESTABLISHED && t->n_syns == 1;
}

static void tell_logical(const struct run_show *s, uint32_t logical)
{
	if (s->members[logical - 1] > 1)
		tell_group(s, logical);
	else
		tell_attempt(s, &s->tried[logical - 1]);
}

/* Returns whether there was one to tell of. */
static bool tell_attempts(const struct run_show *s, const struct logical_sum *sum)
{
	size_t i, shown = 0, unshown = 0, most = sum->logical > ALL_SHOWN ? FAILED_SHOWN : ALL_SHOWN;

	for (i = 0; i < s->n_tried; i++) {
		const struct tried *t = &s->tried[i];

		if (t->logical != t->number)
			continue;
		if (sum->logical > ALL_SHOWN && is_smooth(decider(s, t->logical)))
			continue;
		if (shown < most) {
			tell_logical(s, t->logical);
			shown++;
		} else {
			unshown++;
		}
	}
	if (unshown)
		fprintf(stderr, INDENT "and %zu more like these (-j lists all)\n", unshown);
	return shown > 0;
}

static void add_sum(const struct logical_sum *sum, struct buf *to)
{
	int i;

	buf_fmt(to, "%zu attempt%s", sum->attempts, sum->attempts == 1 ? "" : "s");
	for (i = 0; i < OUTCOME_N; i++)
		if (sum->by_outcome[i])
			buf_fmt(to, ", %zu %s", sum->by_outcome[i], outcome_word((enum outcome)i));
	if (sum->cancelled)
		buf_fmt(to, ", %zu cancelled", sum->cancelled);
}

static void add_end(const struct run_show *s, const struct run_end *end, struct buf *to)
{
	const char *name = end->exit_signal ? sigabbrev_np(end->exit_signal) : NULL;

	buf_str(to, "; ");
	buf_escaped(to, s->o.c->argv[0], strlen(s->o.c->argv[0]));
	if (end->exit_signal)
		buf_fmt(to, " was ended by SIG%s", name ? name : "?");
	else
		buf_fmt(to, " exited %d", end->exit_status);
	buf_str(to, " after ");
	figures_elapsed(end->run_ns, to);
}

/* What surprises: the host's own servers are not there. */
static bool any_refused_at_home(const struct run_show *s)
{
	size_t i;

	for (i = 0; i < s->n_tried; i++)
		if (s->tried[i].outcome == OUTCOME_REFUSED && addr_is_loopback(&s->tried[i].flow.server.addr))
			return true;
	return false;
}

/* What is worth knowing of the run as a whole. */
static void tell_notes(const struct run_show *s, const struct run_end *end)
{
	run_unmet(s);
	if (end->timed_out)
		fprintf(stderr, INDENT "it was ended at the time limit, by %s\n",
			end->killed ? "SIGKILL: SIGTERM did not end it" : "SIGTERM");
	if (end->left_timed_out)
		fprintf(stderr, INDENT "what it left behind was ended at the time limit\n");
	if (end->stopped_by)
		fprintf(stderr, INDENT "it was stopped for a while (SIG%s); the kernel's timers went on\n",
			sigabbrev_np(end->stopped_by));
	if (end->left_behind && !end->left_timed_out)
		fprintf(stderr, INDENT "processes that it left behind were ended with it; --wait waits for them\n");
	if (!s->o.c->here && any_refused_at_home(s))
		fprintf(stderr, INDENT "localhost is the run's own: only servers that CMD itself starts are there\n");
	if (end->elsewhere)
		fprintf(stderr, INDENT "%" PRIu64 " connect() call%s in another network namespace: not watched\n",
			end->elsewhere, end->elsewhere == 1 ? "" : "s");
	if (end->unexplained)
		fprintf(stderr,
			INDENT "of %" PRIu64
			       " connect() call%s no SYN was seen: refused at once, with an error that is not "
			       "known, or taken back at once; -v shows %s\n",
			end->unexplained, end->unexplained == 1 ? "" : "s", end->unexplained == 1 ? "it" : "them");
	if (s->o.c->fast)
		fprintf(stderr,
			INDENT
			"--fast: the kernel's first RTO was %d ms, not 1 s; the program's own timers were real\n",
			(int)(schedule_jiffies_ns(end->policy.rto_first_j, end->policy.hz) / 1000000));
	if (s->o.verbose && !end->announced)
		fprintf(stderr,
			INDENT "its connect() calls could not be announced (%s): processes are found in /proc\n",
			errno_text(end->announce_error));
}

void run_text(const struct run_show *s, const struct run_end *end, const struct logical_sum *sum)
{
	struct buf b = { 0 };

	buf_str(&b, tell_attempts(s, sum) ? INDENT : "synsent: ");
	add_sum(sum, &b);
	add_end(s, end, &b);
	put_line(&b);
	tell_notes(s, end);
}
