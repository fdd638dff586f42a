/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/summary_block.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/figures.h"
#include "util/duration.h"

#define COLUMNS_MAX (OUTCOME_N + 6)

enum column_kind {
	COLUMN_KEY,
	COLUMN_ATTEMPTS,
	COLUMN_FAILED,
	COLUMN_OUTCOME,
	COLUMN_HALF_OPEN,
	COLUMN_FROM,
	COLUMN_TO
};

struct column {
	enum column_kind kind;
	enum outcome outcome;
	int width;
};

/* A line of a table: one of a table of keys, or a minute. */
struct line {
	const struct top_entry *entry; /* NULL: a minute */
	const struct tally *tally;
	int64_t start_ns;
};

struct table {
	enum summary_by by;
	int clock; /* figures_clock() */
	int n_columns;
	struct column columns[COLUMNS_MAX];
	size_t n, more; /* lines; and those that are left out */
	struct line *lines;
};

const char *const *summary_by_words(void)
{
	static const char *const words[] = { "server", "client", "outcome", "minute", NULL };

	return words;
}

static void head_text(const struct table *t, const struct column *c, struct buf *to)
{
	const char *word = c->kind == COLUMN_KEY	 ? summary_by_words()[t->by]
			   : c->kind == COLUMN_ATTEMPTS	 ? "attempts"
			   : c->kind == COLUMN_FAILED	 ? "failures"
			   : c->kind == COLUMN_OUTCOME	 ? block_word(c->outcome)
			   : c->kind == COLUMN_HALF_OPEN ? "half-open"
			   : c->kind == COLUMN_FROM	 ? "failing from"
							 : "to";

	for (; *word; word++)
		buf_char(to, (char)toupper((unsigned char)*word));
}

static void key_text(const struct table *t, const struct line *l, struct buf *to)
{
	char text[ENDPOINT_TEXT_LEN];

	if (!l->entry) {
		figures_clock(l->start_ns, t->clock | CLOCK_MINUTE, to);
	} else if (t->by == BY_SERVER) {
		const struct endpoint at = { l->entry->key.addr, l->entry->key.port };

		buf_str(to, endpoint_format(&at, text));
	} else {
		buf_str(to, addr_format(&l->entry->key.addr, text));
	}
}

static void number(uint64_t n, bool at_least, struct buf *to)
{
	if (!n)
		buf_char(to, '-');
	else
		figures_count(n, to);
	if (at_least)
		buf_char(to, '+');
}

static void cell_text(const struct table *t, const struct line *l, const struct column *c, struct buf *to)
{
	uint64_t failures = tally_failures(l->tally);
	bool at_least = l->entry && l->entry->missing;

	if (c->kind == COLUMN_KEY)
		key_text(t, l, to);
	else if (c->kind == COLUMN_ATTEMPTS)
		number(tally_attempts(l->tally), at_least, to);
	else if (c->kind == COLUMN_FAILED)
		number(failures, at_least, to);
	else if (c->kind == COLUMN_OUTCOME)
		number(l->tally->n[c->outcome], false, to);
	else if (c->kind == COLUMN_HALF_OPEN)
		number(l->tally->half_open, false, to);
	else if (!failures)
		buf_char(to, '-');
	else
		figures_clock(c->kind == COLUMN_FROM ? l->entry->first_failure_ns : l->entry->last_failure_ns, t->clock,
			      to);
}

static void column(struct table *t, enum column_kind kind, enum outcome o)
{
	t->columns[t->n_columns++] = (struct column){ .kind = kind, .outcome = o };
}

/* Only those in which something stands. */
static void make_columns(struct table *t, const struct summary_counts *c)
{
	int o;

	column(t, COLUMN_KEY, OUTCOME_NONE);
	column(t, COLUMN_ATTEMPTS, OUTCOME_NONE);
	if (c->failures)
		column(t, COLUMN_FAILED, OUTCOME_NONE);
	for (o = 0; o < OUTCOME_N; o++) {
		if (c->outcomes[o])
			column(t, COLUMN_OUTCOME, (enum outcome)o);
		if (o == OUTCOME_UNANSWERED && c->half_open)
			column(t, COLUMN_HALF_OPEN, OUTCOME_NONE);
	}
	if (t->by != BY_MINUTE && c->failures) {
		column(t, COLUMN_FROM, OUTCOME_NONE);
		column(t, COLUMN_TO, OUTCOME_NONE);
	}
}

static bool entry_lines(struct table *t, const struct top *top, size_t max)
{
	size_t i, n = max && max < top_n(top) ? max : top_n(top);
	const struct top_entry **e = malloc((n + !n) * sizeof(const struct top_entry *));

	t->lines = calloc(n + !n, sizeof(*t->lines));
	if (e && t->lines) {
		t->n = top_worst(top, e, n);
		t->more = top_n(top) - t->n;
		for (i = 0; i < t->n; i++)
			t->lines[i] = (struct line){ .entry = e[i], .tally = &e[i]->tally };
	}
	free(e);
	return e && t->lines;
}

/* Minutes in which nothing began are left out. */
static bool minute_lines(struct table *t, const struct steps *m, size_t max)
{
	size_t i;

	t->lines = calloc(m->n + 1, sizeof(*t->lines));
	for (i = 0; t->lines && i < m->n; i++) {
		if (!tally_attempts(&m->rows[i]))
			continue;
		if (max && t->n == max)
			t->more++;
		else
			t->lines[t->n++] = (struct line){ .tally = &m->rows[i],
							  .start_ns = (m->first + (int64_t)i) * m->width_ns };
	}
	return t->lines != NULL;
}

static void put_cells(struct table *t, const struct line *l, struct buf *to)
{
	struct buf text = { 0 };
	int i;

	for (i = 0; i < t->n_columns; i++) {
		struct column *c = &t->columns[i];

		buf_reset(&text);
		if (l)
			cell_text(t, l, c, &text);
		else
			head_text(t, c, &text);
		if (!to)
			c->width = (int)text.len > c->width ? (int)text.len : c->width;
		else if (i)
			buf_fmt(to, "  %*s", c->width, buf_text(&text));
		else
			buf_fmt(to, "%-*s", c->width, buf_text(&text));
	}
	if (to)
		buf_char(to, '\n');
	buf_fini(&text);
}

static void put_lines(struct table *t, struct buf *to)
{
	size_t i;

	put_cells(t, NULL, to);
	for (i = 0; i < t->n; i++)
		put_cells(t, &t->lines[i], to);
}

static void notes(const struct table *t, const struct summary *s, struct buf *to)
{
	const struct top *top = t->by == BY_SERVER ? summary_servers(s) : summary_clients(s);
	const struct steps *m = summary_minutes(s);

	if (t->more) {
		buf_str(to, "... ");
		figures_count(t->more, to);
		buf_str(to, " more\n");
	}
	if (t->by == BY_MINUTE && m->width_ns > 60 * NS_PER_S) {
		buf_str(to, "in steps of ");
		figures_count((uint64_t)(m->width_ns / (60 * NS_PER_S)), to);
		buf_str(to, " minutes, since it is so many\n");
	}
	if (t->by != BY_MINUTE && top_pruned(top))
		buf_fmt(to, "too many %ss to count them all: + is for at least, and rare ones are left out\n",
			summary_by_words()[t->by]);
}

static void outcome_table(const struct summary_counts *c, int clock, struct buf *to)
{
	enum outcome order[OUTCOME_N];
	int n = block_outcomes(c->outcomes, order), i;
	struct buf t = { 0 };

	buf_fmt(to, "%-11s  %13s  %7s  %-*s  %s\n", "OUTCOME", "ATTEMPTS", "SHARE", clock ? 14 : 8, "FIRST", "LAST");
	for (i = 0; i < n; i++) {
		buf_fmt(to, "%-11s  ", block_word(order[i]));
		figures_count(c->outcomes[order[i]], &t);
		buf_fmt(to, "%13s  ", buf_text(&t));
		buf_reset(&t);
		figures_percent(c->outcomes[order[i]], c->attempts, &t);
		buf_fmt(to, "%7s  ", buf_text(&t));
		buf_reset(&t);
		figures_clock(c->outcome_first_ns[order[i]], clock, to);
		buf_str(to, "  ");
		figures_clock(c->outcome_last_ns[order[i]], clock, to);
		buf_char(to, '\n');
	}
	buf_fini(&t);
}

void summary_table(const struct summary *s, enum summary_by by, size_t max, const struct summary_look *o,
		   struct buf *to)
{
	struct table t = { .by = by };
	struct summary_counts c;
	bool made;

	summary_counts(s, &c);
	t.clock = figures_same_day(c.first_ns, c.last_ns) ? 0 : CLOCK_DAY;
	if (by == BY_OUTCOME) {
		outcome_table(&c, t.clock, to);
		return;
	}
	make_columns(&t, &c);
	made = by == BY_MINUTE ? minute_lines(&t, summary_minutes(s), max)
			       : entry_lines(&t, by == BY_SERVER ? summary_servers(s) : summary_clients(s), max);
	if (made) {
		put_lines(&t, NULL); /* to see how wide they are */
		put_lines(&t, to);
		notes(&t, s, to);
	} else {
		to->failed = true;
	}
	free(t.lines);
}
