/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/watch_line.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "core/story_words.h"
#include "sinks/figures.h"
#include "sinks/line.h"

#define PROCESS_WIDTH 18
#define SERVER_WIDTH 22
#define AFTER_WIDTH 9

static void put_padded(struct buf *to, const char *text, size_t width)
{
	buf_str(to, text);
	line_gap(strlen(text), width, to);
}

void watch_line_head(struct buf *to)
{
	put_padded(to, "TIME", 8);
	put_padded(to, "PROCESS", PROCESS_WIDTH);
	put_padded(to, "SERVER", SERVER_WIDTH);
	put_padded(to, "OUTCOME", LINE_OUTCOME_WIDTH);
	buf_fmt(to, "%*s  SYNS  WHY\n", AFTER_WIDTH, "AFTER");
}

static void put_process(const struct attempt *a, const char *container, struct buf *to)
{
	struct buf b = { 0 };

	buf_escaped(&b, a->comm, strnlen(a->comm, sizeof(a->comm)));
	if (a->pid)
		buf_fmt(&b, "[%d]", a->pid);
	else if (!b.len)
		buf_char(&b, '-');
	if (container && *container)
		buf_fmt(&b, "@%s", container);
	put_padded(to, buf_text(&b), PROCESS_WIDTH);
	buf_fini(&b);
}

static void put_after(int64_t elapsed_ns, struct buf *to)
{
	struct buf b = { 0 };

	figures_elapsed(elapsed_ns, &b);
	buf_fmt(to, "%*s", AFTER_WIDTH, buf_text(&b));
	buf_fini(&b);
}

/* ---- why ---- */

static void put_icmp(const struct reply *r, struct buf *to)
{
	const char *words = story_icmp_text(r->icmp_family, r->icmp_type, r->icmp_code);
	char from[ADDR_TEXT_LEN];

	line_icmp(r, to);
	if (!addr_is_any(&r->from))
		buf_fmt(to, " from %s", addr_format(&r->from, from));
	if (*words)
		buf_fmt(to, " (%s)", words);
}

static const struct reply *accepted(const struct attempt *a, enum reply_kind kind)
{
	const struct reply *last = NULL;
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == kind && a->replies[i].ignored == IGNORED_NOT)
			last = &a->replies[i];
	return last;
}

static void put_place(const struct attempt *a, const struct drop *d, struct buf *to)
{
	if (d->place == DROP_PEER_BACKLOG) {
		buf_str(to, "accept queue full");
		return;
	}
	buf_fmt(to, "%s dropped ", d->reply ? "answer" : "SYN");
	switch (d->place) {
	case DROP_LOCAL_OUTPUT:
		buf_str(to, "here, on its way out");
		break;
	case DROP_LOCAL_INPUT:
		buf_str(to, "here, on its way in");
		break;
	default:
		buf_str(to,
			d->netns && d->netns != a->netns ? "in another network namespace of this host" : "on the way");
	}
}

/* Which rule; else the kernel's reason, and where in it. */
static void put_drop(const struct attempt *a, const struct drop *d, struct buf *to)
{
	put_place(a, d, to);
	if (d->place != DROP_PEER_BACKLOG && d->packets && !d->reply && !a->late_found && a->n_syns > 1 &&
	    d->packets < (uint64_t)a->n_syns)
		buf_fmt(to, " (%d of %d)", (int)d->packets, a->n_syns);
	if (d->rule[0]) {
		buf_str(to, ": ");
		buf_escaped(to, d->rule, strnlen(d->rule, sizeof(d->rule)));
	} else if (d->reason[0]) {
		buf_fmt(to, ": %.*s", (int)sizeof(d->reason), d->reason);
		if (d->function[0])
			buf_fmt(to, " in %.*s", (int)sizeof(d->function), d->function);
	}
}

static void put_silence(const struct attempt *a, struct buf *to)
{
	if (a->n_drops)
		put_drop(a, &a->drops[0], to);
	else if (!line_ignored(a, IGNORED_DROPPED, "", to))
		buf_str(to, "no answer");
}

static void put_timed_out(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	if (v->limit == LIMIT_USER_TIMEOUT)
		buf_str(to, "kernel, TCP_USER_TIMEOUT; ");
	else if (v->limit == LIMIT_SYN_RETRIES)
		buf_fmt(to, "kernel, %s; ", a->policy.syncnt ? "TCP_SYNCNT" : "tcp_syn_retries");
	else
		buf_str(to, "kernel; ");
	put_silence(a, to);
}

static void put_abandoned(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	if (v->error == ECONNABORTED)
		buf_str(to, "destroyed from outside, as ss -K does it; ");
	else
		buf_str(to, "the application, a limit of its own; ");
	put_silence(a, to);
}

static void put_headline(const struct verdict *v, struct buf *to)
{
	if (v->error)
		buf_fmt(to, "%s: ", errno_name(v->error));
	buf_escaped(to, v->headline, strnlen(v->headline, sizeof(v->headline)));
}

static void put_killed(const struct attempt *a, struct buf *to)
{
	const char *name = sigabbrev_np(a->end_signal);

	buf_fmt(to, "SIG%s; ", name ? name : "?");
	put_silence(a, to);
}

static void put_established(const struct attempt *a, struct buf *to)
{
	if (a->n_syns == 2)
		buf_str(to, "SYN 0 got no usable answer");
	else if (a->n_syns > 2)
		buf_fmt(to, "SYNs 0 to %d got no usable answer", a->n_syns - 2);
	if (a->n_syns > 1 && a->n_drops) {
		buf_str(to, "; ");
		put_drop(a, &a->drops[0], to);
	}
}

static void put_refused(const struct attempt *a, struct buf *to)
{
	buf_str(to, "RST");
	if (a->n_drops && a->drops[0].rule[0]) {
		buf_str(to, ", by ");
		buf_escaped(to, a->drops[0].rule, strnlen(a->drops[0].rule, sizeof(a->drops[0].rule)));
	}
}

void watch_line_why(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	const struct reply *icmp = accepted(a, REPLY_ICMP);

	if (v->outcome == OUTCOME_ESTABLISHED)
		put_established(a, to);
	else if (v->outcome == OUTCOME_TIMED_OUT)
		put_timed_out(a, v, to);
	else if (v->outcome == OUTCOME_ABANDONED)
		put_abandoned(a, v, to);
	else if (v->outcome == OUTCOME_KILLED)
		put_killed(a, to);
	else if (v->outcome == OUTCOME_PENDING)
		put_silence(a, to);
	else if ((v->outcome == OUTCOME_REFUSED || v->outcome == OUTCOME_UNREACHABLE) && icmp &&
		 !accepted(a, REPLY_RST))
		put_icmp(icmp, to);
	else if (v->outcome == OUTCOME_REFUSED)
		put_refused(a, to);
	else
		put_headline(v, to);
	if (v->confidence == CONFIDENCE_LIKELY && v->outcome != OUTCOME_PENDING)
		buf_str(to, "  (likely)");
}

static void put_columns(const struct attempt *a, const struct verdict *v, const struct watch_line_look *o,
			struct buf *to)
{
	char server[ENDPOINT_TEXT_LEN];

	put_padded(to, endpoint_format(&a->flow.server, server), SERVER_WIDTH);
	line_outcome(v->outcome, o->color, to);
	if (a->n_syns)
		put_after(v->elapsed_ns, to);
	else
		buf_fmt(to, "%*s", AFTER_WIDTH, "at once");
	buf_fmt(to, "%6d", a->n_syns);
	buf_str(to, "  ");
}

static void end_line(const struct verdict *v, const struct watch_line_look *o, struct buf *to)
{
	int i;

	while (to->len && to->data[to->len - 1] == ' ')
		to->data[--to->len] = 0;
	buf_char(to, '\n');
	for (i = 0; o->evidence && i < v->n_evidence; i++) {
		buf_str(to, "            ");
		buf_escaped(to, v->evidence[i], strnlen(v->evidence[i], sizeof(v->evidence[i])));
		buf_char(to, '\n');
	}
}

void watch_line(const struct attempt *a, const struct verdict *v, const struct watch_line_look *o, struct buf *to)
{
	figures_clock(attempt_start_ns(a) + v->elapsed_ns, 0, to);
	buf_str(to, "  ");
	put_process(a, o->container, to);
	put_columns(a, v, o, to);
	watch_line_why(a, v, to);
	end_line(v, o, to);
}

void watch_line_inbound(const struct attempt *a, const struct verdict *v, const struct drop *drop,
			const struct watch_line_look *o, struct buf *to)
{
	char client[ENDPOINT_TEXT_LEN];

	figures_clock(attempt_start_ns(a) + v->elapsed_ns, 0, to);
	buf_str(to, "  ");
	put_padded(to, "(inbound)", PROCESS_WIDTH);
	put_columns(a, v, o, to);
	buf_fmt(to, "from %s; ", endpoint_format(&a->flow.client, client));
	buf_escaped(to, v->headline, strnlen(v->headline, sizeof(v->headline)));
	if (drop) {
		buf_str(to, "; ");
		put_drop(a, drop, to);
	}
	end_line(v, o, to);
}
