/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/attempt_line.h"

#include <string.h>

#include "core/story_words.h"
#include "sinks/figures.h"
#include "sinks/line.h"

#define FLOW_WIDTH 38 /* most pairs of IPv4 endpoints are shorter */

static void put_flow(const struct attempt *a, struct buf *to)
{
	char text[ENDPOINT_TEXT_LEN];
	size_t start = to->len;

	buf_str(to, endpoint_format(&a->flow.client, text));
	buf_str(to, " > ");
	buf_str(to, endpoint_format(&a->flow.server, text));
	if (a->path[0]) {
		buf_str(to, " [");
		buf_escaped(to, a->path, strnlen(a->path, sizeof(a->path)));
		buf_char(to, ']');
	}
	line_gap(to->len - start, FLOW_WIDTH, to);
}

/* The SYN that left last before that time. */
static int syn_before(const struct attempt *a, int64_t t_ns)
{
	int n = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns : ATTEMPT_SYNS_MAX, i = 0;

	while (i + 1 < n && a->syn_ns[i + 1] && a->syn_ns[i + 1] <= t_ns)
		i++;
	return i;
}

static void put_established(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	figures_elapsed(v->elapsed_ns, to);
	if (a->n_syns > 1)
		buf_fmt(to, ", %d SYNs", a->n_syns);
	if (a->crossed)
		buf_str(to, ", simultaneous open");
}

static void put_rst(const struct attempt *a, const struct reply *r, struct buf *to)
{
	figures_elapsed(r->t_ns - attempt_start_ns(a), to);
	buf_str(to, ", RST on SYN ");
	line_int((uint64_t)syn_before(a, r->t_ns), 0, to);
}

static void put_icmp(const struct attempt *a, const struct reply *r, struct buf *to)
{
	const char *words = story_icmp_text(r->icmp_family, r->icmp_type, r->icmp_code);
	char from[ADDR_TEXT_LEN];

	line_icmp(r, to);
	if (*words) {
		buf_str(to, " (");
		buf_str(to, words);
		buf_char(to, ')');
	}
	buf_str(to, " from ");
	buf_str(to, addr_format(&r->from, from));
	buf_str(to, " after ");
	figures_elapsed(r->t_ns - attempt_start_ns(a), to);
}

/* Where the headline does not say so itself. */
static void put_confidence(const struct verdict *v, struct buf *to)
{
	const char *word = confidence_word(v->confidence);

	if (v->confidence == CONFIDENCE_UNKNOWN || v->outcome == OUTCOME_PENDING || strstr(v->headline, word))
		return;
	buf_str(to, "  (");
	buf_str(to, word);
	buf_char(to, ')');
}

static void put_headline(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	int n = a->n_syns;

	if (v->headline[0]) {
		buf_escaped(to, v->headline, strnlen(v->headline, sizeof(v->headline)));
	} else {
		buf_fmt(to, "%d SYN%s over ", n, n == 1 ? "" : "s");
		figures_elapsed(v->elapsed_ns, to);
	}
	line_ignored(a, IGNORED_LATE, "; ", to);
	put_confidence(v, to);
}

static void put_words(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	const struct reply *r = attempt_accepted_reply(a);

	if (v->outcome == OUTCOME_ESTABLISHED)
		put_established(a, v, to);
	else if (v->outcome == OUTCOME_REFUSED && r && r->kind == REPLY_RST)
		put_rst(a, r, to);
	else if ((v->outcome == OUTCOME_REFUSED || v->outcome == OUTCOME_UNREACHABLE) && r && r->kind == REPLY_ICMP)
		put_icmp(a, r, to);
	else
		put_headline(a, v, to);
}

void attempt_line(const struct attempt *a, const struct verdict *v, const struct attempt_line_look *o, struct buf *to)
{
	line_int(a->number, 5, to);
	buf_str(to, "  ");
	figures_clock(attempt_start_ns(a), CLOCK_MS | (o->date ? CLOCK_DATE : 0), to);
	buf_str(to, "  ");
	put_flow(a, to);
	line_outcome(v->outcome, o->color, to);
	put_words(a, v, to);
	if (a->evicted)
		buf_str(to, ", judged too early for want of memory");
	buf_char(to, '\n');
}
