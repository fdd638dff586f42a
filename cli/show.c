/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/show.h"

#include <errno.h>
#include <stdio.h>

#include "sinks/diagram.h"
#include "sinks/text.h"

#define COLUMNS_MIN 80
#define COLUMNS_MAX 100

static void print(struct buf *b)
{
	fputs(buf_text(b), stdout);
	buf_fini(b);
}

void show_verdict(const struct attempt *a, const struct verdict *v, const struct attempt *scaled,
		  const struct terminal *t)
{
	struct text_opts o = { .color = t->color };
	struct buf b = { 0 };

	text_verdict(a, v, &o, &b);
	if (scaled)
		text_scaled_note(a, v, scaled, &b);
	print(&b);
}

void show_table(const struct attempt *a, const struct verdict *v, const struct attempt *scaled)
{
	struct buf b = { 0 };

	text_table(a, v, scaled, &b);
	if (b.len)
		buf_char(&b, '\n');
	print(&b);
}

void show_diagram(const struct story *s, const struct terminal *t)
{
	struct diagram_term_opts o = { .columns = t->columns, .utf8 = t->utf8, .color = t->color, .no_verdict = true };
	struct diagram *d = diagram_new(s);
	struct buf b = { 0 };

	if (o.columns < COLUMNS_MIN)
		o.columns = COLUMNS_MIN;
	if (o.columns > COLUMNS_MAX)
		o.columns = COLUMNS_MAX;
	if (d)
		diagram_term(d, &o, &b);
	diagram_free(d);
	print(&b);
}

int show_svg(const struct story *story, struct outfile *svg, struct err *e)
{
	struct diagram *d = diagram_new(story);
	struct buf b = { 0 };
	int r;

	if (!d) {
		outfile_abort(svg);
		return err_sys(e, ENOMEM, "--svg");
	}
	diagram_svg(d, &b);
	r = outfile_write(svg, buf_text(&b), b.len, e);
	if (r)
		outfile_abort(svg);
	else
		r = outfile_close(svg, e);
	diagram_free(d);
	buf_fini(&b);
	return r;
}
