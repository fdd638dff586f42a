/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/screen_model.h"

/* At most 40 columns wide; on 80 columns what follows the keys stands beside them. */
#define KEYS 17
#define BESIDE 40

static const char *const help[] = {
	"up down j k    move",
	"PgUp PgDn      move by a screen",
	"Home End g G   first, last",
	"Tab            the next list",
	"Enter          one attempt, with its",
	"               diagram; of a server,",
	"               its attempts",
	"left right     (there) move sideways",
	"q Esc          (there) back",
	"s              sort by something else",
	"/              filter: a part of a",
	"               process or server",
	"q Esc          clear the filter",
	"p              pause, go on",
	"c              clear failures and counts",
	"h ?            this help",
	"q              quit, without a filter",
	"",
	"SYNS      sent, of how many in all",
	"NEXT SYN  when the kernel sends it next;",
	"          ~: up to an eighth later",
	"GIVE-UP   when the kernel ends the wait",
	"IN 10 s   attempts that ended, a second",
	"FAILED    in the last 60 s, and in all",
	"CONNECT   median of the last 64 connects",
	"",
	"Kept: the last 1,000 failures, 200 of",
	"them with their evidence; 256 pending;",
	"1,024 servers.",
};

void screen_help_draw(struct screen *s, struct screen_frame *f, int row, int end)
{
	int all = (int)(sizeof(help) / sizeof(help[0])), rows = end - row, i;
	bool wide = f->columns >= 80;
	int lines = wide ? KEYS : all;

	s->help_top = screen_top(s->help_top, lines, rows);
	for (i = s->help_top; i < lines && row < end; i++, row++) {
		screen_frame_put(f, row, 0, f->columns, help[i], 0);
		if (wide && i + KEYS + 1 < all)
			screen_frame_put(f, row, BESIDE, f->columns, help[i + KEYS + 1], 0);
	}
}
