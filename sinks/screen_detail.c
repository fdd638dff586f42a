/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "sinks/diagram.h"
#include "sinks/diagram_layout.h"
#include "sinks/figures.h"
#include "sinks/screen_cells.h"
#include "sinks/screen_model.h"
#include "sinks/text.h"

#define DIAGRAM_COLUMNS 80 /* it needs them: a narrower screen moves over it */

void screen_detail_open(struct screen *s, const struct attempt *a, bool waits)
{
	s->detail = (struct screen_detail){ .open = true, .waits = waits, .id = screen_attempt_id(a), .a = *a };
}

/* Lines that are wider than the screen go on under themselves. */
static void add_wrapped(const char *text, int columns, struct buf *to)
{
	struct buf line = { 0 };

	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *p, *next;

		buf_reset(&line);
		buf_add(&line, text, len);
		for (p = buf_text(&line); *p; p = next) {
			bool first = p == buf_text(&line);
			size_t n = diagram_wrap(p, columns - (first ? 0 : 2), &next);

			buf_str(to, first ? "" : "  ");
			buf_add(to, p, n);
			buf_char(to, '\n');
		}
		text += len + (text[len] == '\n');
	}
	buf_fini(&line);
}

static void add_gone(const struct screen *s, const struct attempt *a, struct buf *to)
{
	buf_fmt(to, "no longer waiting: %s\n", s->untold ? s->untold : "how it ended was not told");
	if (s->untold)
		buf_str(to, "likely  of those that do so only the number is told\n");
	buf_str(to, "last seen to wait after ");
	figures_elapsed(a->observed_until_ns - attempt_start_ns(a), to);
	buf_fmt(to, " and %d SYN%s\n", a->n_syns, a->n_syns == 1 ? "" : "s");
}

/* Whose it is, how it ended or what is to come, and why that is known. */
static void add_words(struct screen *s, const struct attempt *a, const struct verdict *v, int columns, struct buf *to)
{
	struct text_opts o = { .columns = columns, .plain = true };
	char client[ENDPOINT_TEXT_LEN], server[ENDPOINT_TEXT_LEN];
	struct buf text = { 0 };

	screen_process(a->comm, sizeof(a->comm), a->pid, &text);
	buf_fmt(&text, "  %s > %s\n", endpoint_format(&a->flow.client, client),
		endpoint_format(&a->flow.server, server));
	if (s->detail.gone) {
		add_gone(s, a, &text);
	} else {
		if (v->outcome == OUTCOME_PENDING) {
			text_waiting(a, NULL, 0, s->now_ns, &text);
			buf_char(&text, '\n');
		}
		text_verdict(a, v, &o, &text);
	}
	add_wrapped(buf_text(&text), columns, to);
	buf_char(to, '\n');
	buf_fini(&text);
}

static void add_diagram(struct screen *s, const struct verdict *v, int columns, struct buf *to)
{
	struct diagram_term_opts o = { .columns = columns > DIAGRAM_COLUMNS ? columns : DIAGRAM_COLUMNS,
				       .utf8 = s->utf8,
				       .no_verdict = true,
				       .no_causes = s->detail.a.n_drops > 0,
				       .color = true };
	struct diagram *d;

	story_make(&s->detail.a, v, s->story);
	d = diagram_new(s->story);
	if (d)
		diagram_term(d, &o, to);
	diagram_free(d);
}

/* The text `left` columns on; what sets a pen there counts all the same. */
static void put_line(struct screen_frame *f, int row, const char *line, int left, unsigned int pen)
{
	screen_frame_put(f, row, -left, f->columns, line, pen);
}

void screen_detail_draw(struct screen *s, struct screen_frame *f, int row, int end)
{
	struct screen_detail *d = &s->detail;
	struct buf text = { 0 };
	char *line, *next;
	struct verdict v;
	int n = 0;

	if (d->waits && !d->gone)
		d->a.observed_until_ns = s->now_ns;
	verdict_make(&d->a, &v);
	add_words(s, &d->a, &v, f->columns, &text);
	if (!d->gone)
		add_diagram(s, &v, f->columns, &text);
	d->lines = 0;
	for (line = text.data; line && *line; line++)
		d->lines += *line == '\n';
	d->rows = end - row;
	d->top = screen_top(d->top, d->lines, d->rows);
	for (line = text.data; line && *line && row < end; line = next, n++) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (n >= d->top)
			put_line(f, row++, line, d->left, n ? 0 : SCREEN_BOLD);
	}
	buf_fini(&text);
}
