/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer comes first, who fails and since when, and under it what the rest looks like. */
#include "sinks/summary_block.h"

#include <string.h>

#include "sinks/figures.h"
#include "util/duration.h"

#define SEVERAL_COLUMNS 28 /* of each of two names in a line, beside "1,000,000 files, " */

/* Escaped, and of a long one the end. */
static void name_file(const char *path, int columns, struct buf *to)
{
	struct buf b = { 0 };
	const char *text;

	if (!strcmp(path, "-"))
		path = "standard input";
	buf_escaped(&b, path, strlen(path));
	text = buf_text(&b);
	if (block_width(text) > columns) {
		buf_str(to, "...");
		while (block_width(text) > columns - 3)
			do
				text++;
			while (((unsigned char)*text & 0xc0) == 0x80);
	}
	buf_str(to, text);
	buf_fini(&b);
}

static void name_files(const struct summary_facts *f, int columns, struct buf *to)
{
	if (f->n_files > 1) {
		figures_count(f->n_files, to);
		buf_str(to, " files, ");
	}
	if (f->n_files) {
		name_file(f->files[0], columns, to);
		if (f->n_files > 1) {
			buf_str(to, f->n_files > 2 ? " to " : " and ");
			name_file(f->files[f->n_files - 1], columns, to);
		}
	}
}

static void name_size(const struct summary_facts *f, struct buf *to)
{
	if (f->bytes) {
		figures_bytes(f->bytes, to);
		buf_str(to, ", ");
	}
	figures_count(f->packets, to);
	buf_str(to, f->packets == 1 ? " packet" : " packets");
	if (f->took_ns < 0)
		return;
	buf_str(to, ", read in ");
	if (f->took_ns < 10 * NS_PER_S)
		buf_fmt(to, "%.2f s", (double)f->took_ns / NS_PER_S);
	else
		figures_length(f->took_ns, to);
}

/* On one line with the size where both fit; else above it, and of long names the ends. */
static void head(struct block *b, const struct summary_facts *f)
{
	struct buf name = { 0 }, size = { 0 };

	name_files(f, BLOCK_COLUMNS, &name);
	name_size(f, &size);
	if (block_width(buf_text(&name)) + 2 + block_width(buf_text(&size)) <= BLOCK_COLUMNS) {
		buf_fmt(b->to, "%s%s%s", buf_text(&name), name.len ? "  " : "", buf_text(&size));
	} else {
		if (block_width(buf_text(&name)) > BLOCK_COLUMNS) {
			buf_reset(&name);
			name_files(f, SEVERAL_COLUMNS, &name);
		}
		buf_str(b->to, buf_text(&name));
		block_newline(b, BLOCK_LABEL);
		buf_str(b->to, buf_text(&size));
	}
	block_end(b);
	buf_fini(&name);
	buf_fini(&size);
}

static void captured(struct block *b, int64_t start_ns, int64_t end_ns)
{
	bool days = !figures_same_day(start_ns, end_ns);

	block_row(b, "captured");
	figures_clock(start_ns, CLOCK_DATE, b->to);
	if (end_ns - start_ns >= NS_PER_S) {
		buf_str(b->to, " to ");
		figures_clock(end_ns, days ? CLOCK_DATE : 0, b->to);
	}
	buf_char(b->to, ' ');
	figures_zone(start_ns, b->to);
	if (end_ns > start_ns) {
		buf_str(b->to, ", ");
		figures_length(end_ns - start_ns, b->to);
	}
	block_end(b);
}

static void attempts(struct block *b, const struct summary_counts *c)
{
	enum outcome order[OUTCOME_N];
	int n = block_outcomes(c->outcomes, order), i;
	struct buf t = { 0 };

	block_row(b, "attempts");
	figures_count(c->attempts, &t);
	buf_char(&t, n > 1 ? ':' : ',');
	block_take(b, "", &t, PEN_BOLD);
	for (i = 0; i < n; i++) {
		if (n > 1) {
			figures_count(c->outcomes[order[i]], &t);
			buf_char(&t, ' ');
		} else if (c->attempts > 1) {
			buf_str(&t, c->attempts == 2 ? "both " : "all ");
		}
		buf_str(&t, block_word(order[i]));
		if (order[i] == OUTCOME_UNANSWERED && c->half_open) {
			buf_str(&t, " (");
			figures_count(c->half_open, &t);
			buf_str(&t, " half-open)");
		}
		block_take(b, i ? ", " : " ", &t, block_pen(order[i]));
	}
	block_end(b);
	buf_fini(&t);
}

/* "1: 9,749   2: 198"; what does not fit into the line is taken together at its end. */
static void syns(struct block *b, const char *label, const uint64_t n[SUMMARY_SYNS_N])
{
	struct buf t = { 0 };
	uint64_t left = 0;
	int i, others = 0;

	for (i = 0; i < SUMMARY_SYNS_N; i++) {
		left += n[i];
		others += n[i] > 0;
	}
	if (!left)
		return;
	block_row(b, label);
	for (i = 0; left; i++) {
		if (!n[i])
			continue;
		if (i == SUMMARY_SYNS_N - 1 || (others > 1 && b->column > BLOCK_COLUMNS - 30)) {
			buf_fmt(&t, "%d or more: ", i);
			figures_count(left, &t);
			left = 0;
		} else {
			buf_fmt(&t, "%d: ", i);
			figures_count(n[i], &t);
			left -= n[i];
			others--;
		}
		block_take(b, "   ", &t, PEN_NONE);
	}
	block_end(b);
	buf_fini(&t);
}

static void band(int i, uint64_t below, uint64_t all, struct buf *to)
{
	int64_t ms = summary_band_ns(i) / NS_PER_MS;

	buf_fmt(to, "%d %s ", (int)(ms < 1000 ? ms : ms / 1000), ms < 1000 ? "ms" : "s");
	figures_percent(below, all, to);
}

/* How many are within each limit, where that says more than the limit before it. */
static void bands(struct block *b, const struct summary_counts *c)
{
	uint64_t all = c->outcomes[OUTCOME_ESTABLISHED], below = 0;
	struct buf t = { 0 }, share = { 0 }, before = { 0 };
	const char *first = "within ";
	int i;

	block_newline(b, BLOCK_LABEL);
	for (i = 0; i < SUMMARY_BANDS_N - 1; i++) {
		below += c->bands[i];
		buf_reset(&share);
		figures_percent(below, all, &share);
		if (!below || !strcmp(buf_text(&share), buf_text(&before)))
			continue;
		buf_str(&t, first);
		band(i, below, all, &t);
		block_take(b, ", ", &t, PEN_NONE);
		first = "";
		buf_reset(&before);
		buf_str(&before, buf_text(&share));
	}
	if (c->bands[i]) {
		buf_str(&t, "longer ");
		figures_percent(c->bands[i], all, &t);
		block_take(b, ", ", &t, PEN_NONE);
	}
	buf_fini(&t);
	buf_fini(&share);
	buf_fini(&before);
}

static void connect_times(struct block *b, const struct summary *s, const struct summary_counts *c)
{
	static const struct {
		int permille;
		uint64_t min; /* of few attempts it tells nothing more than the longest */
		const char *before;
	} figures[] = { { 500, 1, "median " }, { 950, 20, "p95 " }, { 990, 100, "p99 " }, { 1000, 2, "longest " } };
	uint64_t n = c->outcomes[OUTCOME_ESTABLISHED];
	struct buf t = { 0 };
	size_t i;

	if (!n)
		return;
	block_row(b, n > 1 ? "connect times" : "connect time");
	for (i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		if (n < figures[i].min)
			continue;
		buf_str(&t, n > 1 ? figures[i].before : "");
		figures_elapsed(summary_connect_ns(s, figures[i].permille), &t);
		block_take(b, ", ", &t, PEN_NONE);
	}
	for (i = 0; i < SUMMARY_BANDS_N && c->bands[i] < n; i++)
		;
	if (i == SUMMARY_BANDS_N)
		bands(b, c);
	block_end(b);
	buf_fini(&t);
}

void block_attempts(struct block *b, const struct summary *s, const struct summary_counts *c)
{
	attempts(b, c);
	block_failures(b, s, c);
	if (c->failures)
		block_culprits(b, s, c);
	syns(b, "SYNs needed", c->syns_established);
	syns(b, "SYNs in vain", c->syns_failed);
	connect_times(b, s, c);
}

void summary_text(const struct summary *s, const struct summary_facts *f, const struct summary_look *o, struct buf *to)
{
	struct block b = { .to = to, .look = o };
	struct summary_counts c;

	summary_counts(s, &c);
	head(&b, f);
	if (f->start_ns || f->end_ns)
		captured(&b, f->start_ns, f->end_ns);
	else if (c.attempts)
		captured(&b, c.first_ns, c.last_ns);
	block_scope(&b, f);
	if (!c.attempts) {
		block_nothing(&b, f);
		block_notes(&b, f, &c);
		return;
	}
	b.clock = figures_same_day(c.first_ns, c.last_ns) && (!f->start_ns || figures_same_day(f->start_ns, c.first_ns))
			  ? 0
			  : CLOCK_DAY;
	block_attempts(&b, s, &c);
	block_notes(&b, f, &c);
}
