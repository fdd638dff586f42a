/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/screen_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/diagram_layout.h"
#include "sinks/utf8.h"

static int within(int n, int max)
{
	return n < 1 ? 1 : n > max ? max : n;
}

int screen_frame_size(struct screen_frame *f, int rows, int columns)
{
	size_t n, i;

	rows = within(rows, SCREEN_ROWS_MAX);
	columns = within(columns, SCREEN_COLUMNS_MAX);
	n = (size_t)rows * (size_t)columns;
	if (rows != f->rows || columns != f->columns) {
		struct screen_cell *cells = calloc(n, sizeof(*cells));

		if (!cells)
			return -ENOMEM;
		free(f->cells);
		f->cells = cells;
		f->rows = rows;
		f->columns = columns;
	}
	for (i = 0; i < n; i++)
		f->cells[i] = (struct screen_cell){ .c = ' ' };
	f->cursor_row = f->cursor_column = -1;
	return 0;
}

void screen_frame_fini(struct screen_frame *f)
{
	free(f->cells);
	memset(f, 0, sizeof(*f));
}

/* "[0;1;31m" after an escape: what follows it, or NULL when it is something else. */
static const char *take_sgr(const char *s, unsigned int *pen)
{
	unsigned int is = *pen;

	if (*s++ != '[')
		return NULL;
	for (;;) {
		char *end;
		long n = strtol(s, &end, 10);

		if (end == s || (*end != ';' && *end != 'm'))
			return NULL;
		if (n == 0)
			is = 0;
		is |= n == 1 ? SCREEN_BOLD : n == 2 ? SCREEN_DIM : n == 31 ? SCREEN_RED : n == 32 ? SCREEN_GREEN : 0;
		s = end + 1;
		if (*end == 'm')
			break;
	}
	*pen = is;
	return s;
}

static void set(struct screen_frame *f, int row, int column, uint32_t c, unsigned int pen)
{
	if (row >= 0 && row < f->rows && column >= 0 && column < f->columns)
		f->cells[row * f->columns + column] = (struct screen_cell){ c, pen };
}

int screen_frame_put(struct screen_frame *f, int row, int column, int end, const char *text, unsigned int pen)
{
	unsigned int own = 0;

	end = end < f->columns ? end : f->columns;
	while (*text && column < end) {
		const char *after = *text == '\033' ? take_sgr(text + 1, &own) : NULL;
		uint32_t c;

		if (after) {
			text = after;
			continue;
		}
		c = diagram_char(text, &text);
		if (utf8_hidden(c) || (c >= 0x80 && !f->utf8))
			c = '?';
		if (!diagram_char_is_wide(c)) {
			set(f, row, column++, c, pen | own);
		} else if (column + 1 < end) {
			set(f, row, column, c, pen | own);
			set(f, row, column + 1, 0, pen | own);
			column += 2;
		} else { /* half of it would not do */
			set(f, row, column++, ' ', pen | own);
		}
	}
	return column;
}

void screen_frame_pen(struct screen_frame *f, int row, int column, int end, unsigned int pen)
{
	if (row < 0 || row >= f->rows)
		return;
	for (column = column < 0 ? 0 : column; column < end && column < f->columns; column++)
		f->cells[row * f->columns + column].pen |= pen;
}

void screen_frame_row(const struct screen_frame *f, int row, struct buf *to)
{
	const struct screen_cell *cells = f->cells + row * f->columns;
	int i, n = f->columns;

	while (n > 0 && cells[n - 1].c == ' ')
		n--;
	for (i = 0; i < n; i++)
		if (cells[i].c)
			utf8_put(to, cells[i].c);
}

int screen_text_columns(const char *text)
{
	return diagram_columns(text, strlen(text));
}
