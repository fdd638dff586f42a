/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_expect.h"

#include <stdio.h>
#include <string.h>

#define EXPECTED_MAX 40 /* a longer one moves what comes after it, in its line alone */

/* Widths of the columns, of what is shown. */
struct columns {
	size_t name, expected;
};

static void escaped(const char *text, struct buf *to)
{
	buf_reset(to);
	buf_escaped(to, text, strlen(text));
}

static struct columns measure(const struct expect_row *rows, int n, struct buf *scratch)
{
	struct columns c = { 0 };
	int i;

	for (i = 0; i < n; i++) {
		if (rows[i].held)
			continue;
		if (strlen(rows[i].name) > c.name)
			c.name = strlen(rows[i].name);
		escaped(rows[i].expected, scratch);
		if (scratch->len > c.expected && scratch->len <= EXPECTED_MAX)
			c.expected = scratch->len;
	}
	return c;
}

static void line(const struct expect_row *row, const struct columns *c, struct buf *scratch, struct buf *to)
{
	escaped(row->expected, scratch);
	buf_fmt(to, "         %-*s  expected %-*s  ", (int)c->name, row->name, (int)c->expected, buf_text(scratch));
	escaped(row->actual, scratch);
	buf_fmt(to, "%s%s\n", row->nothing ? "" : "was ", buf_text(scratch));
}

void run_expect_text(const struct expect_row *rows, int n, struct buf *to)
{
	struct buf scratch = { 0 };
	struct columns c = measure(rows, n, &scratch);
	bool begun = false;
	int i;

	for (i = 0; i < n; i++) {
		if (rows[i].held)
			continue;
		if (!begun)
			buf_str(to, "synsent: not as expected\n");
		begun = true;
		line(&rows[i], &c, &scratch, to);
	}
	buf_fini(&scratch);
}

void run_expect_show(const struct expect_row *rows, int n)
{
	struct buf text = { 0 };

	run_expect_text(rows, n, &text);
	fflush(stdout);
	fputs(buf_text(&text), stderr);
	buf_fini(&text);
}
