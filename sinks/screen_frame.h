/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_SCREEN_FRAME_H
#define SYNSENT_SINKS_SCREEN_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

/* How a cell is shown.  Colours only repeat what the words say. */
enum screen_pen {
	SCREEN_BOLD = 1,
	SCREEN_DIM = 2,
	SCREEN_REVERSE = 4,
	SCREEN_RED = 8,
	SCREEN_GREEN = 16,
};

struct screen_cell {
	uint32_t c; /* printable; 0: the right half of a wide character */
	unsigned int pen;
};

#define SCREEN_ROWS_MAX 500
#define SCREEN_COLUMNS_MAX 1000

/*
 * A screen full of cells, as it is to be shown.  Zero-initialised it is empty
 * and owns nothing.  Drawing outside of it does nothing.
 */
struct screen_frame {
	int rows, columns;
	bool utf8;		       /* else '?' stands for what is not ASCII */
	struct screen_cell *cells;     /* row by row */
	int cursor_row, cursor_column; /* -1: no cursor */
};

/* Makes it that size, within 1 and the limits above, and blank.  0, or -ENOMEM: then it is as it was. */
int screen_frame_size(struct screen_frame *f, int rows, int columns);
void screen_frame_fini(struct screen_frame *f);

/*
 * Text (UTF-8) from that column on, cut before column `end`.  What a terminal
 * would act upon becomes '?', but ANSI colours and weights are turned into pens,
 * added to `pen`.  Returns the column after it.
 */
int screen_frame_put(struct screen_frame *f, int row, int column, int end, const char *text, unsigned int pen);

/* The columns [column, end) of a row all get that pen, beside what they have. */
void screen_frame_pen(struct screen_frame *f, int row, int column, int end, unsigned int pen);

/* A row as text, without blanks at its end, and without a newline. */
void screen_frame_row(const struct screen_frame *f, int row, struct buf *to);

/* How many columns text (UTF-8) takes. */
int screen_text_columns(const char *text);

#endif
