/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "sinks/diagram_layout.h"
#include "sinks/figures.h"
#include "sinks/screen_cells.h"
#include "sinks/screen_model.h"
#include "util/duration.h"

#define ROWS_FOR_ALL 22	 /* from here on all lists are shown */
#define ROWS_FOR_HEAD 16 /* ... the first line says what is watched */
#define ROWS_TO_TELL 8	 /* ... the chosen item is told of, on two lines */

/* What the frame is to show, which stands still while paused. */
static void refresh(struct screen *s, int64_t now_ns)
{
	if (!s->paused) {
		s->now_ns = now_ns;
		s->shown = s->counts;
		s->shown_failure = s->next_failure;
		s->n_servers = (int)screen_rates_get(s->rates, now_ns, s->servers);
		s->forgotten = screen_rates_forgotten(s->rates);
	}
	screen_view(s);
}

static void what_draw(const struct screen *s, struct screen_frame *f, int row)
{
	struct buf left = { 0 }, right = { 0 };
	int len, at;

	buf_str(&left, s->what[0] ? "synsent watch " : "synsent watch: ");
	if (s->what[0])
		buf_escaped(&left, s->what, strlen(s->what));
	else
		buf_str(&left, "every attempt");
	buf_str(&right, "since ");
	figures_clock(s->since_ns, figures_same_day(s->since_ns, s->now_ns) ? 0 : CLOCK_DAY, &right);
	buf_str(&right, ", ");
	figures_length(s->now_ns - s->since_ns, &right);
	len = screen_text_columns(buf_text(&right));
	at = screen_frame_put(f, row, 0, f->columns - len - 2, buf_text(&left), SCREEN_BOLD);
	if (at + 2 + len <= f->columns)
		screen_frame_put(f, row, f->columns - len, f->columns, buf_text(&right), 0);
	buf_fini(&left);
	buf_fini(&right);
}

/* One of the counts, if there is room for all of it: the column after it. */
static int count_draw(struct screen_frame *f, int row, int column, uint64_t n, const char *word, unsigned int pen)
{
	struct buf text = { 0 };
	int gap = column ? f->columns < 60 ? 2 : 3 : 0;

	figures_count(n, &text);
	buf_fmt(&text, " %s", word);
	if (column + gap + (int)text.len <= f->columns)
		column = screen_frame_put(f, row, column + gap, f->columns, buf_text(&text), pen);
	buf_fini(&text);
	return column;
}

/* Losses come first: with them, the other counts are too low. */
static void counts_draw(const struct screen *s, struct screen_frame *f, int row)
{
	const struct screen_counts *c = &s->shown;
	uint64_t n = c->established + c->failed + c->pending;
	int at = 0;

	if (s->paused)
		at = screen_frame_put(f, row, 0, f->columns, "PAUSED", SCREEN_BOLD | SCREEN_REVERSE);
	if (c->lost)
		at = count_draw(f, row, at, c->lost, c->lost == 1 ? "event lost" : "events lost",
				SCREEN_BOLD | SCREEN_RED);
	at = count_draw(f, row, at, n, n == 1 ? "attempt" : "attempts", 0);
	at = count_draw(f, row, at, c->failed, "failed", c->failed ? SCREEN_RED : 0);
	at = count_draw(f, row, at, c->pending, "pending", 0);
	at = count_draw(f, row, at, c->established, "established", SCREEN_GREEN);
	if (!c->lost && at + 15 <= f->columns)
		screen_frame_put(f, row, at + 3, f->columns, "nothing lost", 0);
}

/* What has no room in the last line is told to be missing. */
static void put_wrapped(struct screen_frame *f, int row, int end, const char *text, unsigned int pen)
{
	struct buf line = { 0 };

	for (; *text && row < end; row++) {
		const char *next;
		size_t n = diagram_wrap(text, f->columns - 1, &next);

		buf_reset(&line);
		buf_add(&line, text, n);
		if (*next && row + 1 >= end)
			buf_str(&line, f->utf8 ? "…" : "~");
		screen_frame_put(f, row, 0, f->columns, buf_text(&line), pen);
		text = next;
	}
	buf_fini(&line);
}

static void told_draw(const struct screen *s, struct screen_frame *f, int row, int end)
{
	struct buf text = { 0 };

	if (s->said[0])
		buf_escaped(&text, s->said, strlen(s->said));
	else
		screen_tell(s, &text);
	put_wrapped(f, row, end, buf_text(&text), s->said[0] ? SCREEN_BOLD : 0);
	buf_fini(&text);
}

static void filter_draw(const struct screen *s, struct screen_frame *f, int row)
{
	int at = screen_frame_put(f, row, 0, f->columns, s->typing ? "filter: " : "filter ", SCREEN_BOLD);
	struct buf text = { 0 };

	buf_escaped(&text, s->filter, strlen(s->filter));
	at = screen_frame_put(f, row, at, f->columns, buf_text(&text), SCREEN_BOLD);
	if (s->typing) {
		f->cursor_row = row;
		f->cursor_column = at < f->columns ? at : f->columns - 1;
	}
	screen_frame_put(f, row, at + 3, f->columns, s->typing ? "Enter keeps it, Esc clears it" : "q clears it", 0);
	buf_fini(&text);
}

/* As many as there is room for. */
static void keys_draw(const struct screen *s, struct screen_frame *f, int row)
{
	static const char *const lists[] = { "q quit", "h help",  "Enter one", "Tab list", "/ filter",
					     "s sort", "p pause", "c clear",   NULL };
	static const char *const other[] = { "q back", "arrows move", NULL };
	const char *const *k = s->help || s->detail.open ? other : lists;
	int at = 0;

	if ((s->typing || s->filter[0]) && k == lists) {
		filter_draw(s, f, row);
		return;
	}
	for (; *k && at + (int)strlen(*k) <= f->columns; k++)
		at = screen_frame_put(f, row, at, f->columns, *k, SCREEN_DIM) + 3;
}

/* The one in focus gets half of the rows, or more where it has them to fill. */
static void lists_draw(struct screen *s, struct screen_frame *f, int row, int end)
{
	int rows = end - row - 2 * SCREEN_PANES, others = rows / 4, p;

	if (f->rows < ROWS_FOR_ALL) {
		screen_list_draw(s, s->focus, true, f, row, end);
		return;
	}
	for (p = 0; p < SCREEN_PANES; p++) {
		int height = 2 + (p == (int)s->focus ? rows - others * (SCREEN_PANES - 1) : others);

		screen_list_draw(s, (enum screen_pane)p, false, f, row, row + height);
		row += height;
	}
}

void screen_draw(struct screen *s, int64_t now_ns, struct screen_frame *f)
{
	int row = 0, end = f->rows - 1, told = f->rows >= ROWS_TO_TELL ? 2 : 0;

	f->utf8 = s->utf8;
	refresh(s, now_ns);
	if (f->rows >= ROWS_FOR_HEAD)
		what_draw(s, f, row++);
	counts_draw(s, f, row++);
	if (s->help) {
		screen_help_draw(s, f, row, end);
	} else if (s->detail.open) {
		screen_detail_draw(s, f, row, end);
	} else {
		lists_draw(s, f, row, end - told);
		told_draw(s, f, end - told, end);
	}
	if (row <= end)
		keys_draw(s, f, end);
	s->dirty = s->hurried = false;
	s->drawn_ns = now_ns;
}

int64_t screen_due_ns(const struct screen *s)
{
	bool moves = s->dirty || (s->counts.pending && !s->paused);

	return s->drawn_ns + (s->hurried ? 0 : moves ? 200 * NS_PER_MS : NS_PER_S);
}
