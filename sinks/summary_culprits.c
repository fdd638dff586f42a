/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/summary_block.h"

#include "sinks/figures.h"

#define CLIENTS_MAX 3
#define SERVER_LINES 6
#define CLIENT_LINES 3
#define LINES_AFTER 7 /* left to SYNs, connect times and two notes */
#define SHARE_MIN 50  /* worth a row: one in so many of all failures */
#define CROWD_MIN 20  /* failures from which on "nobody stands out" says something */

/* How many keys of the table failed at least once. */
static uint64_t with_failures(const struct top *t)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < top_n(t); i++)
		n += tally_failures(&top_get(t, i)->tally) > 0;
	return n;
}

/* Those whose failures are a share of all that is worth a row; at least one. */
static int worth(const struct top_entry **e, int n, uint64_t failures, int one_in)
{
	int i = 0;

	while (i < n && tally_failures(&e[i]->tally) &&
	       (!i || tally_failures(&e[i]->tally) * (uint64_t)one_in >= failures))
		i++;
	return i;
}

/* Of that many keys not one has much of the failures. */
static void nobody(struct block *b, const struct top *t, const char *label, uint64_t max, uint64_t most,
		   uint64_t failures)
{
	struct buf text = { 0 };

	block_row(b, label);
	buf_str(&text, top_pruned(t) ? "none of over " : "none of ");
	figures_count(top_pruned(t) ? max : top_n(t), &text);
	buf_str(&text, " stands out: the worst has ");
	figures_percent(most, failures, &text);
	buf_str(&text, " of failures");
	block_words(b, buf_text(&text));
	block_end(b);
	buf_fini(&text);
}

/* The failures of the worst key; more, if some may be missing. */
static uint64_t most_failures(const struct top *t)
{
	const struct top_entry *worst;

	return top_worst(t, &worst, 1) ? tally_failures(&worst->tally) + top_missing_failures(t) : 0;
}

static void servers(struct block *b, const struct summary *s, const struct summary_counts *c, int lines)
{
	const struct top *t = summary_servers(s);
	const struct top_entry *e[BLOCK_ROWS_MAX];
	int n = worth(e, (int)top_worst(t, e, BLOCK_ROWS_MAX), c->failures, SHARE_MIN);
	struct buf more = { 0 };
	uint64_t others;

	if (c->failures >= CROWD_MIN && most_failures(t) * SHARE_MIN < c->failures) {
		nobody(b, t, "worst servers", SUMMARY_SERVERS, most_failures(t), c->failures);
		return;
	}
	if (lines < SERVER_LINES)
		lines = SERVER_LINES;
	others = with_failures(t) - (uint64_t)block_rows(b, s, c, true, e, n, lines - 1);
	if (others) {
		block_newline(b, BLOCK_LABEL);
		buf_str(&more, top_pruned(t) ? "and more than " : "and ");
		figures_count(others, &more);
		buf_fmt(&more, " other%s with failures", others > 1 ? "s" : "");
		block_piece(b, "", buf_text(&more), PEN_NONE);
	}
	block_end(b);
	buf_fini(&more);
}

/* They tell something where few of them have most failures, and not just because they have most attempts. */
static int clients_that_tell(const struct summary *s, const struct summary_counts *c,
			     const struct top_entry *e[CLIENTS_MAX])
{
	const struct top *t = summary_clients(s);
	int n = worth(e, (int)top_worst(t, e, CLIENTS_MAX), c->failures, 10), i;
	double failures = 0, attempts = 0;

	for (i = 0; i < n; i++) {
		failures += (double)tally_failures(&e[i]->tally) / (double)c->failures;
		attempts += (double)tally_attempts(&e[i]->tally) / (double)c->attempts;
	}
	return failures >= 0.5 && attempts <= failures / 2 ? n : 0;
}

static void clients(struct block *b, const struct summary *s, const struct summary_counts *c,
		    const struct top_entry **e, int n)
{
	const struct top *t = summary_clients(s);

	if (b->look->no_clients)
		return;
	if (n) {
		block_rows(b, s, c, false, e, n, CLIENT_LINES);
		block_end(b);
	} else if (c->failures >= CROWD_MIN && most_failures(t) * 10 < c->failures) {
		nobody(b, t, "worst clients", SUMMARY_CLIENTS, most_failures(t), c->failures);
	}
}

void block_culprits(struct block *b, const struct summary *s, const struct summary_counts *c)
{
	const struct top_entry *e[CLIENTS_MAX];
	int n = b->look->no_clients ? 0 : clients_that_tell(s, c, e);
	bool first = n && most_failures(summary_servers(s)) * 2 < c->failures;

	if (first)
		clients(b, s, c, e, n);
	servers(b, s, c, BLOCK_LINES - b->lines - LINES_AFTER - (first ? 0 : n ? CLIENT_LINES : 1));
	if (!first)
		clients(b, s, c, e, n);
}
