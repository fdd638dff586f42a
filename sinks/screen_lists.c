/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "sinks/diagram_layout.h"
#include "sinks/figures.h"
#include "sinks/screen_cells.h"
#include "sinks/screen_model.h"

/* Adds what is left of text when it must do with that many columns and its middle goes; it is longer than that. */
static void without_middle(const char *text, int width, bool utf8, struct buf *to)
{
	int tail = width - 1 - (width - 1) / 2, rest = screen_text_columns(text), taken = 0, head;
	const char *p = text, *next, *pid = strrchr(text, '[');

	/* the number of a process stays whole, if there is room for a bit of its name, too */
	if (pid && screen_text_columns(pid) > tail && screen_text_columns(pid) + 2 <= width)
		tail = screen_text_columns(pid);
	head = width - 1 - tail;

	while (*p) {
		int wide = diagram_char_is_wide(diagram_char(p, &next)) ? 2 : 1;

		if (taken + wide > head)
			break;
		taken += wide;
		rest -= wide;
		p = next;
	}
	buf_add(to, text, (size_t)(p - text));
	buf_str(to, utf8 ? "…" : "~");
	while (*p && rest > tail)
		rest -= diagram_char_is_wide(diagram_char(p, &p)) ? 2 : 1;
	buf_str(to, p);
}

/* Adds what is shown of text in that many columns, which are too few: all up to a comma or a colon, or as much as there
 * is room for and a sign that there is more. */
static void without_end(const char *text, int width, bool utf8, struct buf *to)
{
	const char *p = text, *next;
	size_t len = 0;
	int taken = 0;

	while (*p) {
		int wide = diagram_char_is_wide(diagram_char(p, &next)) ? 2 : 1;

		if (taken + wide > width)
			break;
		taken += wide;
		p = next;
		if (taken < width)
			len = (size_t)(p - text);
	}
	if (strchr(",:;", *p) || strchr(",:;", p[-1])) {
		len = (size_t)(p - text);
		while (len && strchr(" ,:;", text[len - 1]))
			len--;
		buf_add(to, text, len);
		return;
	}
	while (len && text[len - 1] == ' ')
		len--;
	buf_add(to, text, len);
	buf_str(to, utf8 ? "…" : "~");
}

static void row_draw(struct screen *s, const struct screen_form *form, const int *widths, const void *of,
		     struct screen_frame *f, int row)
{
	struct buf text = { 0 }, cut = { 0 };
	int i, column = 0;

	for (i = 0; i < form->n; i++) {
		unsigned int pen = 0;
		const char *shown;
		int len;

		if (!widths[i])
			continue;
		column += screen_columns_gap(form->columns, widths, i);
		buf_reset(&text);
		buf_reset(&cut);
		form->cell(s, of, i, &text, &pen);
		shown = buf_text(&text);
		len = screen_text_columns(shown);
		if (len > widths[i]) {
			(form->whole & 1U << i ? without_middle : without_end)(shown, widths[i], s->utf8, &cut);
			shown = buf_text(&cut);
			len = screen_text_columns(shown);
		}
		screen_frame_put(f, row, form->columns[i].right && len < widths[i] ? column + widths[i] - len : column,
				 column + widths[i], shown, pen);
		column += widths[i];
	}
	buf_fini(&text);
	buf_fini(&cut);
}

static void heads_draw(const struct screen_form *form, const int *widths, struct screen_frame *f, int row)
{
	int i, column = 0;

	for (i = 0; i < form->n; i++) {
		const struct screen_column *c = &form->columns[i];

		if (!widths[i])
			continue;
		column += screen_columns_gap(form->columns, widths, i);
		screen_frame_put(f, row, c->right ? column + widths[i] - (int)strlen(c->title) : column,
				 column + widths[i], c->title, SCREEN_BOLD);
		column += widths[i];
	}
}

/* How many there are: "34", "3 of 34" with a filter, "256 of 12,304" where not all are listed. */
static void put_number(const struct screen *s, enum screen_pane p, struct buf *to)
{
	const struct screen_list *l = &s->lists[p];
	uint64_t all = (uint64_t)l->all;

	if (p == SCREEN_PANE_PENDING && s->shown.pending > all)
		all = s->shown.pending;
	else if (p == SCREEN_PANE_FAILURES && s->shown.failed > all)
		all = s->shown.failed;
	else if (p == SCREEN_PANE_SERVERS)
		all += s->forgotten;
	if ((uint64_t)l->n != all) {
		figures_count((uint64_t)l->n, to);
		buf_str(to, " of ");
	}
	figures_count(all, to);
}

/* "─ Failures 196, by newest ─────────────── 1-7 of 196 ─" */
static void title_draw(struct screen *s, enum screen_pane p, struct screen_frame *f, int row)
{
	const struct screen_list *l = &s->lists[p];
	const char *rule = s->utf8 ? "─" : "-";
	unsigned int pen = p == s->focus ? SCREEN_BOLD : 0;
	struct buf text = { 0 };
	int i;

	for (i = 0; i < f->columns; i++)
		screen_frame_put(f, row, i, i + 1, rule, SCREEN_DIM);
	buf_fmt(&text, "%s %s ", p == s->focus ? s->utf8 ? "▶" : ">" : rule, screen_form(p)->name);
	put_number(s, p, &text);
	buf_fmt(&text, ", by %s ", screen_order_name(p, l->order));
	i = screen_frame_put(f, row, 0, f->columns, buf_text(&text), pen);
	buf_reset(&text);
	if (l->n > l->rows && l->rows > 0)
		buf_fmt(&text, " %d-%d ", l->top + 1, l->top + l->rows < l->n ? l->top + l->rows : l->n);
	if (text.len && i + (int)text.len + 1 < f->columns)
		screen_frame_put(f, row, f->columns - 1 - (int)text.len, f->columns, buf_text(&text), pen);
	buf_fini(&text);
}

/* Where there is room for one list only: the names of all. */
static void tabs_draw(struct screen *s, struct screen_frame *f, int row)
{
	struct buf text = { 0 };
	int p, column = 0;

	for (p = 0; p < SCREEN_PANES; p++) {
		bool here = p == (int)s->focus;

		buf_reset(&text);
		buf_str(&text, here ? s->utf8 ? "▶" : ">" : " ");
		buf_fmt(&text, "%s ", screen_form((enum screen_pane)p)->name);
		put_number(s, (enum screen_pane)p, &text);
		column = screen_frame_put(f, row, column, f->columns, buf_text(&text), here ? SCREEN_BOLD : 0) + 1;
	}
	buf_fini(&text);
}

int screen_top(int top, int lines, int rows)
{
	if (top > lines - rows)
		top = lines - rows;
	return top < 0 ? 0 : top;
}

/* What is chosen is on the screen. */
static void scroll(struct screen_list *l)
{
	if (l->at < l->top)
		l->top = l->at;
	if (l->at >= l->top + l->rows)
		l->top = l->at - l->rows + 1;
	l->top = screen_top(l->top, l->n, l->rows);
}

void screen_list_draw(struct screen *s, enum screen_pane p, bool alone, struct screen_frame *f, int row, int end)
{
	const struct screen_form *form = screen_form(p);
	struct screen_list *l = &s->lists[p];
	int widths[SCREEN_COLUMNS_OF_A_LIST], i;

	screen_columns_fit(form->columns, form->n, f->columns, widths);
	l->rows = end - row - 2 > 0 ? end - row - 2 : 0;
	scroll(l);
	if (row < end && alone)
		tabs_draw(s, f, row++);
	else if (row < end)
		title_draw(s, p, f, row++);
	if (row < end)
		heads_draw(form, widths, f, row++);
	if (!l->n && row < end)
		screen_frame_put(f, row, 0, f->columns, l->all ? "none passes the filter" : form->empty, SCREEN_DIM);
	for (i = l->top; i < l->n && row < end; i++, row++) {
		row_draw(s, form, widths, l->items[i].of, f, row);
		if (p == s->focus && i == l->at)
			screen_frame_pen(f, row, 0, f->columns, SCREEN_REVERSE);
	}
}
