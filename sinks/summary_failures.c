/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/summary_block.h"

#include <string.h>

#include "sinks/figures.h"
#include "util/duration.h"

#define MOST_PERCENT 80
#define PEAK_MIN 20  /* failures, fewer are chance */
#define PEAK_TIMES 2 /* as many in each step as else */
#define BARS_FAILURES_MIN 5
#define BARS_MIN 2

static void span(const struct block *b, int64_t from_ns, int64_t to_ns, struct buf *to)
{
	struct buf end = { 0 };
	size_t at = to->len;

	figures_clock(from_ns, b->clock, to);
	figures_clock(to_ns, b->clock, &end);
	if (strcmp(buf_text(to) + at, buf_text(&end)))
		buf_fmt(to, " to %s", buf_text(&end));
	buf_fini(&end);
}

static void began(const struct block *b, int64_t from_ns, int64_t to_ns, struct buf *to)
{
	struct buf text = { 0 };

	span(b, from_ns, to_ns, &text);
	buf_fmt(to, "began %s%s", strstr(buf_text(&text), " to ") ? "" : "at ", buf_text(&text));
	buf_fini(&text);
}

/* When there were more of them than else. */
static void when_most(struct block *b, const struct summary *s, const struct summary_counts *c, struct buf *t)
{
	const struct steps *f = summary_failures(s);
	int64_t k, end, from, to;
	uint64_t n = steps_peak(f, &k, &end);
	double times;

	if (n < PEAK_MIN)
		return;
	times = (double)n * (double)((int64_t)f->n - (end - k)) / ((double)(c->failures - n) * (double)(end - k));
	if (n * 100 < c->failures * MOST_PERCENT && times < PEAK_TIMES)
		return;
	from = k * f->width_ns;
	to = end * f->width_ns;
	if (from < c->first_failure_ns)
		from = c->first_failure_ns;
	if (to > c->last_failure_ns)
		to = c->last_failure_ns;
	if (n * 100 >= c->failures * MOST_PERCENT && (to - from) * 2 > c->last_failure_ns - c->first_failure_ns)
		return; /* most of the time has most of them */
	buf_str(t, n * 100 < c->failures * MOST_PERCENT ? "peak " : "most ");
	span(b, from, to, t);
	block_take(b, ", ", t, PEN_NONE);
}

void block_bars(struct block *b, const struct steps *f, int64_t from_ns, int64_t to_ns)
{
	static const char *const bars[2][8] = { { "_", ".", ":", "-", "=", "+", "*", "#" },
						{ "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" } };
	int64_t k = steps_at(f, from_ns), end = steps_at(f, to_ns) + 1, per, i;
	struct buf from = { 0 }, to = { 0 };
	uint64_t most = 0, n;
	struct tally t;

	figures_clock(from_ns, b->clock, &from);
	figures_clock(to_ns, b->clock, &to);
	per = (end - k - 1) / (BLOCK_COLUMNS - BLOCK_LABEL - block_width(buf_text(&from)) * 2 - 2) + 1;
	for (i = k; i < end; i += per) {
		steps_sum(f, i, i + per, &t);
		n = tally_attempts(&t);
		most = n > most ? n : most;
	}
	if (end - k >= BARS_MIN * per) {
		block_newline(b, BLOCK_LABEL);
		buf_fmt(b->to, "%s %s", buf_text(&from), b->look->color ? PEN_RED : "");
		for (i = k; i < end; i += per) {
			steps_sum(f, i, i + per, &t);
			buf_str(b->to, bars[b->look->utf8][(tally_attempts(&t) * 7 + most - 1) / most]);
		}
		buf_fmt(b->to, "%s %s", b->look->color ? PEN_END : "", buf_text(&to));
	}
	buf_fini(&from);
	buf_fini(&to);
}

void block_failures(struct block *b, const struct summary *s, const struct summary_counts *c)
{
	struct buf t = { 0 };

	block_row(b, "failures");
	if (!c->failures) {
		block_piece(b, "",
			    c->outcomes[OUTCOME_ESTABLISHED] == c->attempts ? "none" : "none among those that ended",
			    PEN_GREEN);
		block_end(b);
		return;
	}
	figures_count(c->failures, &t);
	buf_str(&t, " (");
	figures_percent(c->failures, c->attempts, &t);
	buf_char(&t, ')');
	block_take(b, "", &t, PEN_BOLD);
	if (b->began)
		began(b, c->first_failure_ns, c->last_failure_ns, &t);
	else
		span(b, c->first_failure_ns, c->last_failure_ns, &t);
	block_take(b, ", ", &t, PEN_NONE);
	when_most(b, s, c, &t);
	if (c->failures >= BARS_FAILURES_MIN)
		block_bars(b, summary_failures(s), c->first_ns, c->last_ns);
	block_end(b);
	buf_fini(&t);
}
