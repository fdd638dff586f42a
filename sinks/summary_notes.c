/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/summary_block.h"

#include <string.h>

#include "sinks/figures.h"
#include "util/duration.h"

#define COMMENTS_MAX 2

/* "n what", with an s for several; nothing for none. */
static void count_of(uint64_t n, const char *one, const char *several, struct buf *to)
{
	figures_count(n, to);
	buf_fmt(to, " %s", n == 1 ? one : several);
}

/* Only some attempts were asked for. */
static bool is_chosen(const struct summary_facts *f)
{
	return f->filter || f->has_since || f->has_until;
}

static void limit(const struct summary_facts *f, int64_t t_ns, struct buf *to)
{
	int how = t_ns % NS_PER_S ? CLOCK_MS : 0;

	if (!figures_same_day(f->start_ns, f->end_ns) || !figures_same_day(f->start_ns, t_ns))
		how |= CLOCK_DAY;
	figures_clock(t_ns, how, to);
}

/* By what attempts were chosen, and whether there might be more of them. */
void block_scope(struct block *b, const struct summary_facts *f)
{
	struct buf t = { 0 };

	if (is_chosen(f))
		block_row(b, "chosen");
	if (f->filter) {
		buf_str(&t, "by \"");
		block_cut(f->filter, BLOCK_COLUMNS - BLOCK_LABEL - 6, &t);
		buf_char(&t, '"');
		block_take(b, "", &t, PEN_NONE);
	}
	if (f->has_since) {
		buf_str(&t, "from ");
		limit(f, f->since_ns, &t);
		buf_str(&t, f->has_until ? "" : " on");
		block_take(b, f->filter ? ", " : "", &t, PEN_NONE);
	}
	if (f->has_until) {
		buf_str(&t, "before ");
		limit(f, f->until_ns, &t);
		block_take(b, f->filter || f->has_since ? ", " : "", &t, PEN_NONE);
	}
	if (is_chosen(f))
		block_end(b);
	if (f->interrupted) {
		block_row(b, "interrupted");
		buf_str(&t, "after ");
		figures_bytes(f->bytes, &t);
		if (f->size > f->bytes) {
			buf_str(&t, " of ");
			figures_bytes(f->size, &t);
		}
		buf_str(&t, ": the rest is not in these figures");
		block_take(b, "", &t, PEN_RED);
		block_end(b);
	}
	buf_fini(&t);
}

/* Why there is no attempt, in the order in which a packet is looked at. */
void block_nothing(struct block *b, const struct summary_facts *f)
{
	const struct summary_ledger *l = &f->ledger;
	struct buf t = { 0 };

	block_row(b, "attempts");
	block_words(b, "none:");
	if (f->refused) {
		buf_str(&t, "link type ");
		block_cut(f->refused, 60, &t);
		buf_str(&t, " is not one that can be read");
	} else if (!l->seen) {
		buf_str(&t, f->interrupted ? "interrupted before a packet came" : "there is no packet in it");
	} else if (is_chosen(f) && l->filtered) {
		buf_str(&t, "not one is chosen; ");
		count_of(l->filtered, "handshake packet is of others", "handshake packets are of others", &t);
	} else if (l->counted) {
		count_of(l->counted, "packet of TCP or ICMP", "packets of TCP and ICMP", &t);
		buf_str(&t,
			", and no SYN that opens a connection; connections were open before the capture began, or its "
			"filter left SYNs out");
	} else if (l->not_tcp >= l->filtered && l->not_tcp >= l->truncated && l->not_tcp >= l->malformed) {
		if (l->seen == 1)
			buf_str(&t, "it is not TCP: ");
		else
			buf_fmt(&t, "%s ", l->not_tcp == l->seen ? "not one of" : "no TCP in");
		count_of(l->seen, "packet", "packets", &t);
		buf_str(&t, l->not_tcp == l->seen && l->seen > 1 ? " is TCP" : "");
	} else if (l->filtered >= l->truncated && l->filtered >= l->malformed) {
		buf_str(&t, "the filter left out ");
		count_of(l->filtered, "packet", "packets", &t);
	} else {
		count_of(l->truncated + l->malformed, "packet", "packets", &t);
		buf_str(&t,
			" cut short or damaged before the TCP header's end; a capture needs a snaplen of 96 bytes or "
			"more");
	}
	block_words(b, buf_text(&t));
	block_end(b);
	buf_fini(&t);
}

/* One note, a row; the first has the label. */
static void note(struct block *b, const char **label, struct buf *t)
{
	if (t->len && b->lines + 1 + (BLOCK_LABEL + block_width(buf_text(t)) >= BLOCK_COLUMNS) <= BLOCK_LINES) {
		block_row(b, *label);
		block_words(b, buf_text(t));
		block_end(b);
		*label = "";
	}
	buf_reset(t);
}

static void damaged(const struct summary_ledger *l, struct buf *to)
{
	if (l->truncated)
		count_of(l->truncated, "packet cut short", "packets cut short", to);
	if (l->malformed) {
		buf_str(to, l->truncated ? ", " : "");
		figures_count(l->malformed, to);
		buf_str(to, " malformed");
	}
	if (l->truncated || l->malformed)
		buf_str(to, ": not counted");
}

static void comments(struct block *b, const struct summary_facts *f)
{
	const char *label = f->n_comments > 1 ? "comments" : "comment";
	size_t i;

	for (i = 0; i < f->n_comments && i < COMMENTS_MAX && b->lines < BLOCK_LINES; i++) {
		size_t all = f->n_comments + f->more_comments;
		bool last = i + 1 == COMMENTS_MAX && all > COMMENTS_MAX;

		block_row(b, label);
		block_cut(f->comments[i], BLOCK_COLUMNS - BLOCK_LABEL - (last ? 16 : 0), b->to);
		if (last)
			buf_fmt(b->to, " (and %zu more)", all - COMMENTS_MAX);
		block_end(b);
		label = "";
	}
}

void block_notes(struct block *b, const struct summary_facts *f, const struct summary_counts *c)
{
	const char *label = "notes";
	struct buf t = { 0 };

	if (f->evicted) {
		count_of(f->evicted, "attempt was", "attempts were", &t);
		buf_str(&t, " judged too early, for want of memory");
		note(b, &label, &t);
	}
	if (c->outcomes[OUTCOME_PENDING]) {
		count_of(c->outcomes[OUTCOME_PENDING], "attempt", "attempts", &t);
		buf_str(&t, " still waited when the capture ended");
		note(b, &label, &t);
	}
	damaged(&f->ledger, &t);
	note(b, &label, &t);
	if (f->unmatched && !is_chosen(f)) {
		count_of(f->unmatched, "answer to a SYN that was", "answers to SYNs that were", &t);
		buf_str(&t, " not captured");
		note(b, &label, &t);
	}
	if (f->ledger.duplicates) {
		count_of(f->ledger.duplicates, "packet was", "packets were", &t);
		buf_str(&t, " there twice, identical, and counted once");
		note(b, &label, &t);
	}
	comments(b, f);
	buf_fini(&t);
}

void summary_ledger_text(const struct summary_ledger *l, struct buf *to)
{
	const struct {
		uint64_t n;
		const char *what;
	} rows[] = { { l->counted, "TCP and ICMP" }, { l->duplicates, "duplicates" }, { l->filtered, "filtered" },
		     { l->truncated, "truncated" },  { l->malformed, "malformed" },   { l->not_tcp, "not TCP" } };
	uint64_t sum = 0;
	size_t i;

	buf_str(to, "seen ");
	figures_count(l->seen, to);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_str(to, i ? " + " : " = ");
		figures_count(rows[i].n, to);
		buf_fmt(to, " %s", rows[i].what);
		sum += rows[i].n;
	}
	if (sum != l->seen) {
		buf_str(to, ", which is not so: the sum is ");
		figures_count(sum, to);
	}
	buf_char(to, '\n');
}
