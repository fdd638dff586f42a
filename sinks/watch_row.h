/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_WATCH_ROW_H
#define SYNSENT_SINKS_WATCH_ROW_H

#include "util/buf.h"

/* How a row of `watch` is set in columns, within a terminal.  Private to sinks/watch_line.c. */

#define WATCH_AFTER_WIDTH 9
#define WATCH_SYNS_WIDTH 4

/* A row that is being set. */
struct watch_row {
	struct buf *to;
	int columns; /* of the terminal; INT_MAX: a row is one line, however long */
	int column;
	int gap; /* that what comes next keeps: none at the begin of a line */
	struct {
		int process, server, outcome, after, syns, why;
	} at; /* where columns begin */
};

/* columns: of the terminal, 0: it is none. */
void watch_row_begin(struct watch_row *r, int columns, struct buf *to);

/* What is longer than its column pushes on what follows, into another line where there is no room for that. */
void watch_row_cell(struct watch_row *r, int column, const char *text);

/* The cells that follow, from that column on and so wide at least, stay together: in another line where they have no
 * room. */
void watch_row_together(struct watch_row *r, int column, int width);

/* The same as a cell of a text with colours, that takes so many columns. */
void watch_row_colored(struct watch_row *r, int column, int width, const char *text);

/* To the right of its column. */
void watch_row_number(struct watch_row *r, int column, int width, const char *text);

/* The last column; below, wrapped at blanks, where it has no room.  "" is none. */
void watch_row_why(struct watch_row *r, const char *text);

/* In a line of its own under all that, wrapped likewise. */
void watch_row_below(struct watch_row *r, const char *text);

#endif
