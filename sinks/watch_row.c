/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/watch_row.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "sinks/diagram_layout.h"
#include "sinks/line.h"

#define TIME_WIDTH 8
#define ROOMY 120      /* columns of a terminal where wide columns leave some for WHY */
#define WHY_INDENT 10  /* below the row: under PROCESS */
#define MORE_INDENT 12 /* what stands below WHY */

void watch_row_begin(struct watch_row *r, int columns, struct buf *to)
{
	bool wide;

	*r = (struct watch_row){ .to = to, .columns = columns > 0 ? columns : INT_MAX };
	wide = r->columns >= ROOMY;
	r->at.process = TIME_WIDTH + 2;
	r->at.server = r->at.process + (wide ? 18 : 15) + 2;
	r->at.outcome = r->at.server + (wide ? 22 : 21) + 2;
	r->at.after = r->at.outcome + LINE_OUTCOME_WIDTH + 2;
	r->at.syns = r->at.after + WATCH_AFTER_WIDTH + 2;
	r->at.why = r->at.syns + WATCH_SYNS_WIDTH + 2;
}

static int width_of(const char *text)
{
	return diagram_columns(text, strlen(text));
}

static bool has_room(const struct watch_row *r, int column, int width)
{
	return width <= r->columns - column;
}

static void go_to(struct watch_row *r, int column)
{
	buf_repeat(r->to, " ", (size_t)(column - r->column));
	r->column = column;
}

static void new_line(struct watch_row *r, int indent)
{
	buf_char(r->to, '\n');
	r->column = r->gap = 0;
	go_to(r, indent);
}

static void next_line(struct watch_row *r, int column, int width)
{
	new_line(r, has_room(r, column, width) ? column : WHY_INDENT);
}

/* In its column, or as soon behind what stands there as may be; else in the next line. */
static void go_to_cell(struct watch_row *r, int column, int width)
{
	int behind = r->column + r->gap;

	if (column >= behind && has_room(r, column, width))
		go_to(r, column);
	else if (has_room(r, behind, width))
		go_to(r, behind);
	else
		next_line(r, column, width);
}

void watch_row_together(struct watch_row *r, int column, int width)
{
	if (!has_room(r, r->column + r->gap, width))
		next_line(r, column, width);
}

void watch_row_colored(struct watch_row *r, int column, int width, const char *text)
{
	go_to_cell(r, column, width);
	buf_str(r->to, text);
	r->column += width;
	r->gap = 2;
}

void watch_row_cell(struct watch_row *r, int column, const char *text)
{
	watch_row_colored(r, column, width_of(text), text);
}

void watch_row_number(struct watch_row *r, int column, int width, const char *text)
{
	int len = width_of(text);

	watch_row_colored(r, len < width ? column + width - len : column, len, text);
}

/* Each word whole: one that is longer than a line can so be copied from the terminal as it is. */
static void put_words(struct watch_row *r, int indent, const char *text)
{
	bool first = true;
	size_t len;

	for (text += strspn(text, " "); *text; text += len + strspn(text + len, " ")) {
		int width;

		len = line_word_len(text);
		width = diagram_columns(text, len);
		if (!has_room(r, indent, width)) {
			len = strcspn(text, " ");
			width = diagram_columns(text, len);
		}
		if (!first && !has_room(r, r->column + 1, width))
			new_line(r, indent);
		else if (!first)
			go_to(r, r->column + 1);
		buf_add(r->to, text, len);
		r->column += width;
		first = false;
	}
}

void watch_row_why(struct watch_row *r, const char *text)
{
	int column = r->column + r->gap > r->at.why ? r->column + r->gap : r->at.why;

	if (*text && has_room(r, column, width_of(text))) {
		go_to(r, column);
		buf_str(r->to, text);
	} else if (*text) {
		new_line(r, WHY_INDENT);
		put_words(r, WHY_INDENT, text);
	}
}

void watch_row_below(struct watch_row *r, const char *text)
{
	new_line(r, MORE_INDENT);
	if (has_room(r, MORE_INDENT, width_of(text)))
		buf_str(r->to, text);
	else
		put_words(r, MORE_INDENT + 2, text);
}
