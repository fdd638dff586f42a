/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_DIAGRAM_H
#define SYNSENT_SINKS_DIAGRAM_H

#include <stdbool.h>

#include "core/story.h"

struct buf;

/* One layout of a story, drawn by two renderers. */
struct diagram;

/* NULL when out of memory. */
struct diagram *diagram_new(const struct story *s);
void diagram_free(struct diagram *d);

struct diagram_term_opts {
	int columns;	 /* 80 at least is assumed; narrower is cut */
	bool utf8;	 /* box-drawing characters and arrows, else ASCII */
	bool no_verdict; /* leave out the last line: the verdict stands elsewhere already */
	bool no_causes;	 /* ... and those that say where packets were dropped: that stands there, too */
	bool color;	 /* ANSI colours that repeat what the words say, legible on light and dark */
};

void diagram_term(const struct diagram *d, const struct diagram_term_opts *o, struct buf *to);

/* A complete, self-contained SVG document, legible on light and dark backgrounds. */
void diagram_svg(const struct diagram *d, struct buf *to);

#endif
