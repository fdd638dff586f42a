/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_SUMMARY_BLOCK_H
#define SYNSENT_SINKS_SUMMARY_BLOCK_H

#include "sinks/summary.h"

/* How the summary is set: rows of a label and pieces of text, wrapped between pieces.  Private to sinks/summary*.c,
 * sinks/watch*.c and sinks/diff*.c. */

#define BLOCK_COLUMNS 80
#define BLOCK_LABEL 15 /* columns of a label, with the gap after it */
#define BLOCK_LINES 24

#define PEN_NONE ""
#define PEN_BOLD "\033[1m"
#define PEN_RED "\033[31m"
#define PEN_GREEN "\033[32m"
#define PEN_END "\033[0m"

struct block {
	struct buf *to;
	const struct summary_look *look;
	int clock;    /* how times are shown: figures_clock() */
	bool began;   /* say that failures have the times when they began: what is shown besides has those of ends */
	int lines;    /* complete so far */
	int column;   /* of the line that is being written */
	int indent;   /* of its continuation */
	bool started; /* it has a piece */
};

/* Columns on a terminal. */
int block_width(const char *text);

/* A new row; "" is no label. */
void block_row(struct block *b, const char *label);

/* After `gap` (", "), or on a new line, and then only what of the gap is no space. */
void block_piece(struct block *b, const char *gap, const char *text, const char *pen);

/* The same of a text that is then emptied, for the next piece. */
void block_take(struct block *b, const char *gap, struct buf *text, const char *pen);

/* Each word a piece, cut where it is longer than a line. */
void block_words(struct block *b, const char *text);

/* The same row goes on in a new line, at that column. */
void block_newline(struct block *b, int indent);
void block_end(struct block *b);

/* Of text from outside, escaped, as much as fits into so many columns; "..." stands for the rest. */
void block_cut(const char *text, int columns, struct buf *to);

/* Its word, also for OUTCOME_NONE; and its colour. */
const char *block_word(enum outcome o);
const char *block_pen(enum outcome o);

/* Outcomes that occur, the most frequent first (ties as in enum outcome); how many. */
int block_outcomes(const uint64_t n[OUTCOME_N], enum outcome ret[OUTCOME_N]);

/* sinks/summary_failures.c: how many there were, and when. */
void block_failures(struct block *b, const struct summary *s, const struct summary_counts *c);

/* A column for each step, or for so many together, over that time, in a line of its own; none when it is too short. */
void block_bars(struct block *b, const struct steps *f, int64_t from_ns, int64_t to_ns);

/* sinks/summary_culprits.c: the failing servers and clients, those first that explain more.  There are failures. */
void block_culprits(struct block *b, const struct summary *s, const struct summary_counts *c);

/* sinks/summary_rows.c: the n worst servers or clients in at most so many lines, the last not ended; how many. */
#define BLOCK_ROWS_MAX 5
int block_rows(struct block *b, const struct summary *s, const struct summary_counts *c, bool server,
	       const struct top_entry **e, int n, int lines_max);

/* sinks/summary_text.c: outcomes, failures, culprits, SYNs and connect times; there are attempts. */
void block_attempts(struct block *b, const struct summary *s, const struct summary_counts *c);

/* sinks/summary_notes.c: what is to be known about the capture, and why there may be nothing. */
void block_notes(struct block *b, const struct summary_facts *f, const struct summary_counts *c);
void block_scope(struct block *b, const struct summary_facts *f);
void block_nothing(struct block *b, const struct summary_facts *f);

#endif
