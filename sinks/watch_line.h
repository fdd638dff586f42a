/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_WATCH_LINE_H
#define SYNSENT_SINKS_WATCH_LINE_H

#include "core/verdict.h"
#include "util/buf.h"

struct watch_line_look {
	bool color;	       /* repeats what the words say */
	bool evidence;	       /* under it, indented */
	int columns;	       /* of the terminal; 0: none, and a row is one line */
	const char *container; /* its id; "" or NULL: none */
};

/* The names of the columns, as the lines have them. */
void watch_line_head(int columns, struct buf *to);

/*
 * An attempt of a live host and its verdict as one line, newline included: the
 * local time (TZ) of its end, process, server, outcome, how long it took, SYNs,
 * and why.  What comes from outside is escaped.  On a terminal where that is too
 * long, columns are narrower, and why stands below, wrapped at blanks.
 *   17:31:02  nginx[812]     10.0.3.7:5432       abandoned     5.00 s     4  closed by the program; no answer
 */
void watch_line(const struct attempt *a, const struct verdict *v, const struct watch_line_look *o, struct buf *to);

/*
 * The same of a SYN that came to this host: no process, and under why its
 * sender, and the answer.  `drop`: where it was dropped; NULL: not known.
 */
void watch_line_inbound(const struct attempt *a, const struct verdict *v, const struct drop *drop,
			const struct watch_line_look *o, struct buf *to);

/* The last column alone, in a few words. */
void watch_line_why(const struct attempt *a, const struct verdict *v, struct buf *to);

#endif
