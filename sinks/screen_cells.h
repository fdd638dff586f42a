/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_SCREEN_CELLS_H
#define SYNSENT_SINKS_SCREEN_CELLS_H

#include "sinks/screen_columns.h"
#include "sinks/screen_model.h"

/* The columns of the lists, and what stands in them. */
struct screen_form {
	const char *name, *empty;
	int n;
	const struct screen_column *columns;
	/* adds the text of column i to an empty buf */
	void (*cell)(const struct screen *s, const void *of, int i, struct buf *to, unsigned int *pen);
	unsigned int whole; /* bits of columns that lose their middle where they are too long, others their end */
};

const struct screen_form *screen_form(enum screen_pane p);

/* "2.8 s", "~131.2 s" where it is not exact, "now" when it is past */
void screen_countdown(int64_t left_ns, bool exact, struct buf *to);

#endif
