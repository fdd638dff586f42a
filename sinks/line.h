/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_LINE_H
#define SYNSENT_SINKS_LINE_H

#include "core/attempt.h"
#include "core/words.h"
#include "util/buf.h"

/* What the one-line forms of an attempt share.  Private to sinks/attempt_line.c, sinks/diff_line.c and
 * sinks/watch_line.c. */

#define LINE_OUTCOME_WIDTH 11 /* "established", "unreachable" */

/* Blanks behind len columns of text, up to the next column where this one has that width, 38 at most; never less than
 * two. */
void line_gap(size_t len, size_t width, struct buf *to);

/* Colours repeat what the word says. */
void line_outcome_word(enum outcome o, bool color, struct buf *to);

/* The outcome's column, gap included. */
void line_outcome(enum outcome o, bool color, struct buf *to);

/* n to the right in that width.  No printf: on the way of most lines it would be half of the time. */
void line_int(uint64_t n, int width, struct buf *to);

/* "icmp6 1/3", "icmp 3/13" */
void line_icmp(const struct reply *r, struct buf *to);

/* Why what came back did not help, of several reasons the first, but for one that is no news here: `before`, and
 * "syn-ack ignored: wrong ack".  False: there is none, and nothing is added. */
bool line_ignored(const struct attempt *a, enum ignored no_news, const char *before, struct buf *to);

/* The rule that dropped a packet, escaped, and what makes it less than certain: "perhaps RULE (by counters; --rules
 * tells)". */
void line_rule(const struct drop *d, struct buf *to);

/* How long the first word of the text is, with the unit behind it if it is a figure: "131.072 s". */
size_t line_word_len(const char *text);

#endif
