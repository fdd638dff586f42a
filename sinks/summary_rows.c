/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/summary_block.h"

#include <stdio.h>

#include "sinks/figures.h"
#include "util/duration.h"

#define TEXT_MIN 33 /* columns that a row needs beside its key; else it is under it */

static void key_text(const struct top_entry *e, bool port, char to[ENDPOINT_TEXT_LEN])
{
	const struct endpoint at = { e->key.addr, e->key.port };

	if (port)
		endpoint_format(&at, to);
	else
		addr_format(&e->key.addr, to);
}

/* The outcomes that failed, the most frequent first. */
static int failing(const struct tally *t, uint64_t n[OUTCOME_N], enum outcome order[OUTCOME_N])
{
	int o;

	for (o = 0; o < OUTCOME_N; o++)
		n[o] = tally_outcome_failed(o) ? t->n[o] : 0;
	return block_outcomes(n, order);
}

/* After how long most attempts to a server were abandoned. */
static void waited(const struct top_entry *e, const struct summary *s, struct buf *to)
{
	const struct endpoint at = { e->key.addr, e->key.port };
	uint64_t abandoned = e->tally.n[OUTCOME_ABANDONED];
	struct summary_wait wait;

	if (abandoned < 3 || !summary_wait(s, &at, &wait) || wait.attempts * 2 <= abandoned)
		return;
	buf_str(to, wait.attempts * 10 >= abandoned * 9 ? " after " : " mostly after ");
	if (wait.elapsed_ns < NS_PER_S)
		buf_fmt(to, "%d ms", (int)(wait.elapsed_ns / NS_PER_MS));
	else
		buf_fmt(to, "%.*f s", wait.elapsed_ns < 10 * NS_PER_S, (double)wait.elapsed_ns / NS_PER_S);
}

/* "140 of 141 timed-out", "both refused"; "failed" where it was in several ways */
static void what(const struct top_entry *e, const struct summary *s, bool server, struct buf *to)
{
	uint64_t n[OUTCOME_N], failures = tally_failures(&e->tally), all = tally_attempts(&e->tally);
	enum outcome order[OUTCOME_N];
	int kinds = failing(&e->tally, n, order);

	if (e->missing)
		buf_str(to, "at least ");
	else if (failures == all && all > 2)
		buf_str(to, "all ");
	if (!e->missing && failures == all && all == 2)
		buf_str(to, "both");
	else
		figures_count(failures, to);
	if (!e->missing && (failures < all || all == 1)) {
		buf_str(to, " of ");
		figures_count(all, to);
	}
	buf_fmt(to, " %s", kinds == 1 ? block_word(order[0]) : "failed");
	if (kinds == 1 && server && order[0] == OUTCOME_ABANDONED)
		waited(e, s, to);
}

/* In which ways it failed, as many as fit into so many columns. */
static void how(const struct top_entry *e, const struct summary *s, bool server, int columns, struct buf *to)
{
	struct buf part = { 0 };
	uint64_t n[OUTCOME_N];
	enum outcome order[OUTCOME_N];
	int kinds = failing(&e->tally, n, order), i;

	if (kinds == 1 && e->tally.half_open) {
		figures_count(e->tally.half_open, to);
		buf_str(to, " half-open");
	}
	for (i = 0; i < kinds && kinds > 1; i++) {
		buf_reset(&part);
		buf_str(&part, i ? ", " : "");
		figures_count(n[order[i]], &part);
		buf_fmt(&part, " %s", block_word(order[i]));
		if (server && order[i] == OUTCOME_ABANDONED)
			waited(e, s, &part);
		if (block_width(buf_text(to)) + block_width(buf_text(&part)) + 5 > columns)
			break;
		buf_str(to, buf_text(&part));
	}
	if (i && i < kinds)
		buf_str(to, ", ...");
	buf_fini(&part);
}

/* Against the time in which attempts were made at all. */
static void when(const struct block *b, const struct top_entry *e, const struct summary_counts *c, struct buf *to)
{
	int64_t slack = (c->last_ns - c->first_ns) / 20;
	int64_t first = e->first_failure_ns, last = e->last_failure_ns;
	bool from_start, to_end;
	struct buf from = { 0 }, until = { 0 };

	if (slack < NS_PER_S)
		slack = NS_PER_S;
	from_start = first - c->first_ns <= slack;
	to_end = c->last_ns - last <= slack;
	figures_clock(first, b->clock, &from);
	figures_clock(last, b->clock, &until);
	if (last - first < NS_PER_S || tally_failures(&e->tally) == 1)
		buf_fmt(to, "at %s", buf_text(&from));
	else if (from_start && to_end)
		buf_str(to, "throughout");
	else if (from_start && tally_failures(&e->tally) < tally_attempts(&e->tally))
		buf_fmt(to, "until %s", buf_text(&until));
	else if (to_end)
		buf_fmt(to, "from %s on", buf_text(&from));
	else
		buf_fmt(to, "%s to %s", buf_text(&from), buf_text(&until));
	buf_fini(&from);
	buf_fini(&until);
}

struct row {
	char key[ENDPOINT_TEXT_LEN];
	struct buf what, when, how;
};

/* Rows of one kind. */
struct rows {
	struct row row[BLOCK_ROWS_MAX];
	int n, key_width;
	bool aligned; /* else each key has a line of its own */
};

/* In the key's column or under it. */
static int text_column(const struct rows *r)
{
	return BLOCK_LABEL + 2 + (r->aligned ? r->key_width : 0);
}

static void rows_make(struct rows *r, const struct block *b, const struct summary *s, const struct summary_counts *c,
		      bool server, const struct top_entry **e)
{
	int i, what_width = 0, width;

	for (i = 0; i < r->n; i++) {
		key_text(e[i], server, r->row[i].key);
		what(e[i], s, server, &r->row[i].what);
		when(b, e[i], c, &r->row[i].when);
		width = block_width(r->row[i].key);
		r->key_width = width > r->key_width ? width : r->key_width;
		width = block_width(buf_text(&r->row[i].what));
		what_width = width > what_width ? width : what_width;
	}
	what_width = what_width > TEXT_MIN ? what_width : TEXT_MIN;
	r->aligned = BLOCK_LABEL + r->key_width + 2 + what_width < BLOCK_COLUMNS;
	for (i = 0; i < r->n; i++)
		how(e[i], s, server, BLOCK_COLUMNS - text_column(r), &r->row[i].how);
}

static void rows_fini(struct rows *r)
{
	int i;

	for (i = 0; i < r->n; i++) {
		buf_fini(&r->row[i].what);
		buf_fini(&r->row[i].when);
		buf_fini(&r->row[i].how);
	}
}

/* One or two. */
static int lines_of(const struct rows *r, const struct row *row)
{
	int all = text_column(r) + block_width(buf_text(&row->what)) + 2 + block_width(buf_text(&row->when)) +
		  (row->how.len ? 2 : 0) + block_width(buf_text(&row->how));

	return !r->aligned || all >= BLOCK_COLUMNS ? 2 : 1;
}

static void row_put(struct block *b, const struct rows *r, const struct row *row)
{
	int second = b->lines + 1;

	buf_str(b->to, row->key);
	if (r->aligned) {
		buf_repeat(b->to, " ", (size_t)(r->key_width + 2 - block_width(row->key)));
		b->column = b->indent = text_column(r);
		b->started = false;
	} else {
		block_newline(b, text_column(r));
	}
	block_piece(b, "", buf_text(&row->what), PEN_NONE);
	block_piece(b, ", ", buf_text(&row->when), PEN_NONE);
	if (row->how.len && (b->lines < second || b->column + 2 + block_width(buf_text(&row->how)) < BLOCK_COLUMNS))
		block_piece(b, ", ", buf_text(&row->how), PEN_NONE);
}

int block_rows(struct block *b, const struct summary *s, const struct summary_counts *c, bool server,
	       const struct top_entry **e, int n, int lines_max)
{
	struct rows r = { .n = n };
	int i, end = b->lines + lines_max;
	char label[32];

	rows_make(&r, b, s, c, server, e);
	snprintf(label, sizeof(label), "worst %s%s", server ? "server" : "client", n > 1 ? "s" : "");
	block_row(b, label);
	for (i = 0; i < n; i++) {
		if (i && b->lines + 1 + lines_of(&r, &r.row[i]) > end)
			break;
		if (i)
			block_newline(b, BLOCK_LABEL);
		row_put(b, &r, &r.row[i]);
	}
	rows_fini(&r);
	return i;
}
