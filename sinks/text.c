/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/drop_words.h"
#include "sinks/line.h"

#define MS ((int64_t)1000000)
#define LABEL_WIDTH 13
#define COLUMNS 80

/* Colours of the basic 16, legible on dark and on light. */
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

void text_seconds(int64_t ns, struct buf *to)
{
	int64_t ms = (imaxabs(ns) + MS / 2) / MS;

	buf_fmt(to, "%s%" PRId64 ".%03d", ns < 0 && ms ? "-" : "", ms / 1000, (int)(ms % 1000));
}

/* How much of the text fits into a line: whole words where possible, whole characters in any case. */
static size_t line_len(const char *text, size_t width)
{
	size_t len = 0, next;

	if (strlen(text) <= width)
		return strlen(text);
	for (;;) {
		next = len + strspn(text + len, " ");
		next += line_word_len(text + next);
		if (next > width)
			break;
		len = next;
	}
	if (len)
		return len;
	for (len = width; len > 1 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
		; /* a continuation byte of UTF-8 */
	return len;
}

/* What a line has left for text behind the label; never nothing. */
static size_t text_width(int columns, int indent)
{
	int width = (columns ? columns : COLUMNS) - LABEL_WIDTH - indent;

	return width > 8 ? (size_t)width : 8;
}

/* A label in its column, then text, wrapped under itself with an indent that tells it from the next row's. */
static void row(struct buf *to, int columns, const char *label, const char *raw)
{
	size_t width = text_width(columns, 2), len;
	struct buf escaped = { 0 };
	const char *text;

	buf_escaped(&escaped, raw, strlen(raw));
	text = buf_text(&escaped);
	buf_fmt(to, "  %-*s ", LABEL_WIDTH - 1, label);
	for (;;) {
		len = line_len(text, width);
		buf_add(to, text, len);
		buf_char(to, '\n');
		text += len;
		while (*text == ' ')
			text++;
		if (!*text)
			break;
		width = text_width(columns, 4);
		buf_fmt(to, "  %-*s   ", LABEL_WIDTH - 1, "");
	}
	buf_fini(&escaped);
}

bool text_rejects(const char *rule)
{
	return strstr(rule, " reject") != NULL;
}

static void drop_row(const struct attempt *a, const struct drop *d, const struct text_opts *o, struct buf *to)
{
	const char *what = text_rejects(d->rule) ? "rejected" : "dropped";
	struct buf line = { 0 }, label = { 0 };
	char sent_to[ENDPOINT_TEXT_LEN];

	if (o->plain && drop_not_taken(a, d, &line)) {
		row(to, o->columns, "not taken", buf_text(&line));
		buf_fini(&line);
		return;
	}
	buf_fmt(&label, "%s%s", what, o->plain ? "" : " at");
	if (o->plain)
		drop_where(a, d, &line);
	else
		buf_str(&line, drop_place_word(d->place));
	if (!o->plain && d->place == DROP_PATH_OR_PEER && d->netns && d->netns != a->netns)
		buf_str(&line, " (another network namespace of this host)");
	if (d->packets)
		buf_fmt(&line, ", %" PRIu64 " %s%s", d->packets, d->reply ? "SYN-ACK" : "SYN",
			d->packets == 1 ? "" : "s");
	else if (d->reply)
		buf_str(&line, ", the SYN-ACKs");
	if (d->rule[0] && o->plain) /* the rule has quotes of its own */
		buf_fmt(&line, ": %s%s%s", d->rule_by == RULE_BY_GUESS ? "perhaps " : "", d->rule,
			d->rule_by == RULE_BY_GUESS ? " (by counters)" : "");
	else if (d->rule[0] && d->place == DROP_PEER_BACKLOG)
		buf_fmt(&line, ", %s: %s", d->reason, d->rule);
	else if (d->rule[0])
		buf_fmt(&line, ", by \"%s\"", d->rule);
	else if (d->reason[0])
		buf_fmt(&line, ", %s%s%s", d->reason, d->function[0] ? " in " : "", d->function);
	if (d->sent_to.port)
		buf_fmt(&line, "; NAT had sent it to %s", endpoint_format(&d->sent_to, sent_to));
	row(to, o->columns, buf_text(&label), buf_text(&line));
	buf_fini(&label);
	buf_fini(&line);
}

const char *text_advice_label(const struct verdict *v)
{
	if (v->outcome == OUTCOME_TIMED_OUT || v->outcome == OUTCOME_ABANDONED || v->advice_is_remedy)
		return "to change it";
	return v->advice[0] == '`' ? "see" : "it means";
}

void text_verdict(const struct attempt *a, const struct verdict *v, const struct text_opts *o, struct buf *to)
{
	int i;

	buf_fmt(to, "%s%s%s: ", o->color ? BOLD : "", outcome_word(v->outcome), o->color ? PLAIN : "");
	buf_escaped(to, v->headline, strlen(v->headline));
	buf_char(to, '\n');
	for (i = 0; i < v->n_evidence; i++)
		row(to, o->columns, i ? "" : confidence_word(v->confidence), v->evidence[i]);
	for (i = 0; i < a->n_drops; i++)
		drop_row(a, &a->drops[i], o, to);
	if (v->advice[0])
		row(to, o->columns, text_advice_label(v), v->advice);
}

/* "0.037 s", "7.6 ms": a figure and a unit of time. */
static bool has_time(const char *s)
{
	int n;

	for (; (s = strpbrk(s, "0123456789")); s++) {
		s += strspn(s, "0123456789.") - 1;
		n = !strncmp(s + 1, " ms", 3) ? 4 : !strncmp(s + 1, " s", 2) ? 3 : 0;
		if (n && !isalpha((unsigned char)s[n]))
			return true;
	}
	return false;
}

void text_scaled_note(const struct attempt *a, const struct verdict *v, const struct attempt *scaled, struct buf *to)
{
	int64_t took = a->ended_ns - attempt_start_ns(a), stands = scaled->ended_ns - attempt_start_ns(scaled);
	bool tells = has_time(v->headline);
	struct buf line = { 0 };
	int i;

	for (i = 0; i < v->n_evidence; i++)
		tells |= has_time(v->evidence[i]);
	if (!tells || !a->ended_ns)
		return;
	buf_str(&line, "times above are real: ");
	text_seconds(took, &line);
	buf_str(&line, " s stand for ");
	text_seconds(stands, &line);
	buf_str(&line, " s");
	row(to, COLUMNS, "fast", buf_text(&line));
	buf_fini(&line);
}

static void cell(struct buf *to, int64_t ns, bool known)
{
	struct buf b = { 0 };

	if (known)
		text_seconds(ns, &b);
	buf_fmt(to, "%12s", known ? buf_text(&b) : "-");
	buf_fini(&b);
}

void text_table(const struct attempt *a, const struct verdict *v, const struct attempt *scaled, struct buf *to)
{
	const struct attempt *shown = scaled ? scaled : a;
	int64_t predicted[SCHEDULE_SYNS_MAX], end = 0, start = attempt_start_ns(shown),
					      real_start = attempt_start_ns(a);
	bool exact = false,
	     ended = v->outcome == OUTCOME_TIMED_OUT || v->outcome == OUTCOME_ABANDONED || v->outcome == OUTCOME_KILLED;
	int n = verdict_predict(shown, predicted, SCHEDULE_SYNS_MAX, &end, &exact), i;
	int n_sent = shown->n_syns < ATTEMPT_SYNS_MAX ? shown->n_syns : ATTEMPT_SYNS_MAX;

	if (!n || a->n_syns < 1 + !ended)
		return; /* one SYN that was answered needs no table */
	buf_fmt(to, "      SYN%12s%12s%12s%s\n", exact ? "predicted" : "nominal", scaled ? "observed*" : "observed",
		"gap", scaled ? "   real clock" : "");
	for (i = 0; i < n_sent || (ended && i < n); i++) {
		if (i > n_sent) { /* one that never left tells the story */
			buf_fmt(to, "%9s  %d more that were never sent\n", "...", n - i);
			break;
		}
		buf_fmt(to, "%9d", i);
		cell(to, i < n ? predicted[i] : 0, i < n);
		if (i == n_sent) {
			buf_str(to, "  never sent\n");
			continue;
		}
		cell(to, shown->syn_ns[i] - start, shown->syn_ns[i] != 0);
		if (i)
			cell(to, shown->syn_ns[i] - shown->syn_ns[i - 1], shown->syn_ns[i] && shown->syn_ns[i - 1]);
		if (scaled) {
			buf_repeat(to, " ", i ? 0 : 12);
			cell(to, a->syn_ns[i] - real_start, a->syn_ns[i] != 0);
		}
		buf_char(to, '\n');
	}
	if (shown->n_syns > n_sent)
		buf_fmt(to, "%9s  %d more that were sent\n", "...", shown->n_syns - n_sent);
	if (ended) {
		buf_str(to, "      end");
		cell(to, end, true);
		cell(to, shown->ended_ns - start, true);
		if (scaled) {
			buf_repeat(to, " ", 12);
			cell(to, a->ended_ns - real_start, true);
		}
		buf_char(to, '\n');
	}
	if (scaled)
		buf_str(to, "      * scaled: what the real clock's time stands for at a first RTO of 1 s\n");
}

void text_netstat(const struct event_state *s, struct buf *to)
{
	char client[ENDPOINT_TEXT_LEN], server[ENDPOINT_TEXT_LEN], program[40];

	snprintf(program, sizeof(program), "-");
	if (s->pid)
		snprintf(program, sizeof(program), "%d/%.16s", s->pid, s->comm);
	buf_fmt(to, "%-5s %6u %6u %-23s %-23s %-11s ", s->flow.client.addr.family == 6 ? "tcp6" : "tcp", s->rqueue,
		s->wqueue, endpoint_format(&s->flow.client, client), endpoint_format(&s->flow.server, server),
		"SYN_SENT");
	buf_escaped(to, program, strlen(program));
}

static void in_seconds(struct buf *to, const char *what, int64_t ns)
{
	int64_t tenths = (ns > 0 ? ns : 0) / (100 * MS);

	buf_fmt(to, "%s %" PRId64 ".%d s", what, tenths / 10, (int)(tenths % 10));
}

void text_waiting(const struct attempt *a, const struct event_state *kernel, int64_t kernel_ns, int64_t now_ns,
		  struct buf *to)
{
	int64_t predicted[SCHEDULE_SYNS_MAX], end = 0, elapsed = now_ns - attempt_start_ns(a);
	int64_t own = a->own_timer ? a->own_timer_ns : INT64_MAX;
	bool exact;
	int n = verdict_predict(a, predicted, SCHEDULE_SYNS_MAX, &end, &exact);
	int used = kernel ? kernel->retransmits : a->n_syns > 0 ? a->n_syns - 1 : 0;

	if (a->n_syns - 1 > used) /* a packet is seen before the kernel is asked again */
		used = a->n_syns - 1;
	buf_fmt(to, "SYN-SENT  retrans %d", used);
	if (n)
		buf_fmt(to, " of %d", n - 1);
	if (kernel && kernel->timer == 1 && kernel->retransmits == used)
		in_seconds(to, " timer", kernel_ns + kernel->expires_ms * MS - now_ns);
	if (n && used + 1 < n && predicted[used + 1] < own) {
		buf_fmt(to, "   SYN %d in", used + 1);
		in_seconds(to, "", predicted[used + 1] - elapsed);
	}
	if (own != INT64_MAX && (!n || own < end))
		in_seconds(to, "   own timer in", own - elapsed);
	else if (n)
		in_seconds(to, "   end in", end - elapsed);
}
