/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_DIFF_H
#define SYNSENT_SINKS_DIFF_H

#include "core/pairing_totals.h"
#include "core/pairing_words.h"
#include "sinks/summary.h"

/* What `synsent diff` says: two captures of one incident, compared. */

/* One of the two.  The path is as it came; it is escaped here. */
struct diff_side {
	const char *path;
	struct summary_ledger ledger;
	int64_t first_ns, last_ns; /* by its own clock; both 0: it has no packets */
	struct pairing_side_counts counts;
	bool refused; /* nothing was read: its link type is not one that can be */
};

struct diff_facts {
	struct diff_side client, server;
	bool swapped; /* they were named in the other order */
	const struct pairing_clock *clock;
	const struct pairing_nat *nat;
	const struct pairing_holes *holes;
	const struct pairing_totals *totals;
	const char *filter;	   /* attempts were chosen by it; NULL: by none */
	bool has_since, has_until; /* and by when they begin, by the client's clock */
	int64_t since_ns, until_ns;
	uint64_t same_servers; /* attempts of the client's side to servers that the server's side has */
};

/* The head: files, clocks, what is between them, and what became of the packets; for people, within 80 columns. */
void diff_text(const struct diff_facts *f, const struct summary_look *o, struct buf *to);

struct diff_line_look {
	bool color; /* repeats what the words say */
	bool date;  /* before the time, year included */
};

/*
 * An attempt as one line, newline included: its number, the local time of its
 * first packet by the client's clock, client > server as the client has them (in
 * brackets as the server has them, where that differs), the outcome at the client,
 * and what became of the packets.  Never wrapped.
 */
void diff_line(const struct pair_report *r, const struct pair_words *w, const struct diff_line_look *o, struct buf *to);

/* The same as one line of NDJSON, as docs/diff.schema.json has it. */
void diff_json(const struct pair_report *r, const struct pair_words *w, struct buf *to);

/* The head as one line of JSON, as docs/diff.schema.json has it too. */
void diff_summary_json(const struct diff_facts *f, struct buf *to);

#endif
