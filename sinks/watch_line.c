/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/watch_line.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/story_words.h"
#include "sinks/drop_words.h"
#include "sinks/figures.h"
#include "sinks/line.h"
#include "sinks/text.h"
#include "sinks/watch_row.h"

void watch_line_head(int columns, struct buf *to)
{
	struct watch_row r;

	watch_row_begin(&r, columns, to);
	watch_row_cell(&r, 0, "TIME");
	watch_row_cell(&r, r.at.process, "PROCESS");
	watch_row_cell(&r, r.at.server, "SERVER");
	watch_row_cell(&r, r.at.outcome, "OUTCOME");
	watch_row_number(&r, r.at.after, WATCH_AFTER_WIDTH, "AFTER");
	watch_row_number(&r, r.at.syns, WATCH_SYNS_WIDTH, "SYNS");
	watch_row_why(&r, "WHY");
	buf_char(to, '\n');
}

static void put_time(struct watch_row *r, const struct attempt *a, const struct verdict *v)
{
	struct buf b = { 0 };

	figures_clock(attempt_start_ns(a) + v->elapsed_ns, 0, &b);
	watch_row_cell(r, 0, buf_text(&b));
	buf_fini(&b);
}

static void put_process(struct watch_row *r, const struct attempt *a, const char *container)
{
	struct buf b = { 0 };

	buf_escaped(&b, a->comm, strnlen(a->comm, sizeof(a->comm)));
	if (a->pid)
		buf_fmt(&b, "[%d]", a->pid);
	else if (!b.len)
		buf_char(&b, '-');
	if (container && *container)
		buf_fmt(&b, "@%s", container);
	watch_row_cell(r, r->at.process, buf_text(&b));
	buf_fini(&b);
}

static void put_outcome(struct watch_row *r, enum outcome o, bool color)
{
	struct buf b = { 0 };

	line_outcome_word(o, color, &b);
	watch_row_colored(r, r->at.outcome, (int)strlen(outcome_word(o)), buf_text(&b));
	buf_fini(&b);
}

static void add_after(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	if (!a->n_syns)
		buf_str(to, "at once");
	else if (v->outcome == OUTCOME_UNANSWERED && !v->elapsed_ns) /* one SYN that came, and nothing after it */
		buf_char(to, '-');
	else
		figures_elapsed(v->elapsed_ns, to);
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
	if (d->place != DROP_PEER_BACKLOG)
		buf_fmt(to, "%s dropped ", d->reply ? "answer" : d->may_be_copy ? "SYN, or a copy of it," : "SYN");
	drop_where(a, d, to);
}

/* Which rule; else the kernel's reason, and where in it. */
static void put_drop(const struct attempt *a, const struct drop *d, struct buf *to)
{
	if (drop_not_taken(a, d, to))
		return;
	put_place(a, d, to);
	if (d->place != DROP_PEER_BACKLOG && d->packets && !d->reply && !a->late_found && !a->drops_missed &&
	    a->n_syns > 1 && d->packets < (uint64_t)a->n_syns)
		buf_fmt(to, " (%d of %d)", (int)d->packets, a->n_syns);
	drop_cause(d, to);
}

static void put_silence(const struct attempt *a, struct buf *to)
{
	char sent_to[ENDPOINT_TEXT_LEN];
	char hop[ADDR_TEXT_LEN];

	if (a->n_drops)
		put_drop(a, &a->drops[0], to);
	else if (a->silent_hop.family)
		buf_fmt(to, "no answer of neighbour %s (%s)", addr_format(&a->silent_hop, hop),
			a->silent_hop.family == 6 ? "ND" : "ARP");
	else if (!line_ignored(a, IGNORED_DROPPED, "", to)) /* of what dropped an answer nothing more is known */
		buf_str(to, attempt_answer_was_dropped(a) ? "answer dropped on this host" : "no answer");
	if (a->sent_to.port)
		buf_fmt(to, "; NAT sends it to %s", endpoint_format(&a->sent_to, sent_to));
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
	char winner[ADDR_TEXT_LEN];

	if (v->error == ECONNABORTED)
		buf_str(to, "destroyed from outside, as ss -K does it; ");
	else if (a->winner_ns)
		buf_fmt(to, "likely cancelled, since %s won; ", addr_format(&a->winner.addr, winner));
	else if (a->end == ATTEMPT_END_RESULT && a->end_error == EINTR)
		buf_str(to, "interrupted by a signal handler; ");
	else
		buf_str(to, "closed by the program; ");
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
	int n = attempt_answered_syn(a);

	if (a->crossed)
		buf_str(to, "SYNs had crossed");
	else if (n < 0)
		buf_fmt(to, "%d SYNs; which was answered is not known", a->n_syns);
	else if (n < a->n_syns - 1)
		buf_fmt(to, "answered late: SYN %d had reached the server", n);
	else if (a->n_syns == 2)
		buf_str(to, "SYN 0 got no usable answer");
	else if (a->n_syns > 2)
		buf_fmt(to, "SYNs 0 to %d got no usable answer", a->n_syns - 2);
	if (a->n_syns > 1 && a->n_drops) {
		buf_str(to, "; ");
		put_drop(a, &a->drops[0], to);
	}
}

/* A firewall's, if it dropped every SYN. */
static void put_rule(const struct attempt *a, struct buf *to)
{
	char sent_to[ENDPOINT_TEXT_LEN];
	int i;

	for (i = 0; i < a->n_drops; i++) {
		const struct drop *d = &a->drops[i];

		if (d->reply || d->packets < (uint64_t)a->n_syns)
			continue;
		if (d->sent_to.port && !strcmp(d->reason, "NO_SOCKET")) {
			buf_fmt(to, ", at %s, where a NAT rule had sent it", endpoint_format(&d->sent_to, sent_to));
			return;
		}
		if (d->rule[0]) {
			buf_str(to, d->rule_by == RULE_BY_GUESS ? "; " : ", by ");
			line_rule(d, to);
			return;
		}
		if (d->rule_untraced) {
			buf_str(to, ", by a rule (--rules names it)");
			return;
		}
		if (!strcmp(d->reason, "NETFILTER_DROP")) {
			buf_str(to, d->place == DROP_PATH_OR_PEER
					    ? ", by the firewall of another network namespace of this host"
					    : ", by this host's firewall");
			return;
		}
	}
	if (a->sent_to.port && accepted(a, REPLY_RST))
		buf_fmt(to, ", at %s, where a NAT rule had sent it", endpoint_format(&a->sent_to, sent_to));
}

/* The error that this host itself makes for want of a neighbour looks like a router's. */
static bool is_own_error(const struct verdict *v)
{
	return v->gave_up_by == GAVE_UP_KERNEL && v->limit == LIMIT_NONE;
}

/* The kernel tells of an RST, and of IPv4's ICMP errors; of IPv6's only what they lead to. */
static bool told_of_no_rst(const struct attempt *a, const struct verdict *v)
{
	return a->traced && !a->blind && !accepted(a, REPLY_RST) &&
	       (v->gave_up_by == GAVE_UP_NETWORK || v->confidence == CONFIDENCE_LIKELY);
}

static void put_refused(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	if (!told_of_no_rst(a, v)) {
		buf_str(to, "RST");
		return;
	}
	buf_fmt(to, "icmp%s port unreachable", a->flow.server.addr.family == 6 ? "6" : "");
	if (v->gave_up_by != GAVE_UP_NETWORK)
		buf_str(to, ", or an RST that was not seen");
}

static void put_rejected(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	const struct reply *icmp = accepted(a, REPLY_ICMP);

	if (is_own_error(v)) {
		put_headline(v, to);
		return;
	}
	/* what dropped a SYN before its route failed has not given the error */
	if (!icmp && v->limit == LIMIT_SOFT_ERROR) {
		put_headline(v, to);
		if (a->n_drops) {
			buf_str(to, "; ");
			put_drop(a, &a->drops[0], to);
		}
		return;
	}
	if (icmp && !accepted(a, REPLY_RST))
		put_icmp(icmp, to);
	else if (v->outcome == OUTCOME_REFUSED)
		put_refused(a, v, to);
	else
		put_headline(v, to);
	put_rule(a, to);
}

void watch_line_why(const struct attempt *a, const struct verdict *v, struct buf *to)
{
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
	else if (v->outcome == OUTCOME_REFUSED || v->outcome == OUTCOME_UNREACHABLE)
		put_rejected(a, v, to);
	else
		put_headline(v, to);
	if (v->confidence == CONFIDENCE_LIKELY && v->outcome != OUTCOME_PENDING)
		buf_str(to, "  (likely)");
}

static void put_columns(struct watch_row *r, const struct attempt *a, const struct verdict *v, bool color)
{
	char server[ENDPOINT_TEXT_LEN], syns[16];
	struct buf after = { 0 };

	add_after(a, v, &after);
	snprintf(syns, sizeof(syns), "%d", a->n_syns);
	watch_row_cell(r, r->at.server, endpoint_format(&a->flow.server, server));
	watch_row_together(r, r->at.outcome,
			   (int)(strlen(outcome_word(v->outcome)) + 2 + after.len + 2 + strlen(syns)));
	put_outcome(r, v->outcome, color);
	watch_row_number(r, r->at.after, WATCH_AFTER_WIDTH, buf_text(&after));
	watch_row_number(r, r->at.syns, WATCH_SYNS_WIDTH, syns);
	buf_fini(&after);
}

static void put_evidence(struct watch_row *r, const struct verdict *v)
{
	struct buf b = { 0 };
	int i;

	for (i = 0; i < v->n_evidence; i++) {
		buf_reset(&b);
		buf_escaped(&b, v->evidence[i], strnlen(v->evidence[i], sizeof(v->evidence[i])));
		watch_row_below(r, buf_text(&b));
	}
	if (v->advice[0]) {
		buf_reset(&b);
		buf_fmt(&b, "%s: ", text_advice_label(v));
		buf_escaped(&b, v->advice, strnlen(v->advice, sizeof(v->advice)));
		watch_row_below(r, buf_text(&b));
	}
	buf_fini(&b);
}

static void end_row(struct watch_row *r, const struct verdict *v, const struct watch_line_look *o, struct buf *why)
{
	watch_row_why(r, buf_text(why));
	if (o->evidence)
		put_evidence(r, v);
	buf_char(r->to, '\n');
	buf_fini(why);
}

void watch_line(const struct attempt *a, const struct verdict *v, const struct watch_line_look *o, struct buf *to)
{
	struct buf why = { 0 };
	struct watch_row r;

	watch_row_begin(&r, o->columns, to);
	put_time(&r, a, v);
	put_process(&r, a, o->container);
	put_columns(&r, a, v, o->color);
	watch_line_why(a, v, &why);
	end_row(&r, v, o, &why);
}

void watch_line_inbound(const struct attempt *a, const struct verdict *v, const struct drop *drop,
			const struct watch_line_look *o, struct buf *to)
{
	char client[ENDPOINT_TEXT_LEN];
	struct buf why = { 0 };
	struct watch_row r;

	watch_row_begin(&r, o->columns, to);
	put_time(&r, a, v);
	watch_row_cell(&r, r.at.process, "(inbound)");
	put_columns(&r, a, v, o->color);
	buf_fmt(&why, "from %s; ", endpoint_format(&a->flow.client, client));
	buf_escaped(&why, v->headline, strnlen(v->headline, sizeof(v->headline)));
	if (drop) {
		buf_str(&why, "; ");
		put_drop(a, drop, &why);
	}
	end_row(&r, v, o, &why);
}
