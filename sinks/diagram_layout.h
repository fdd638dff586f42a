/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_DIAGRAM_LAYOUT_H
#define SYNSENT_SINKS_DIAGRAM_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/story.h"
#include "util/buf.h"

/*
 * What diagram.c decides and the renderers draw: a grid of lines, each with at
 * most one item.  Along a line, 0 is the client's lifeline and DIAGRAM_SPAN the
 * server's.  All text is escaped already; a renderer escapes only for its own
 * format (XML).
 */
#define DIAGRAM_SPAN 1000
#define DIAGRAM_TEXT_COLUMNS 29 /* what fits between the lifelines: renderers give it that much room */

enum diagram_shape {
	DIAGRAM_PLAIN,	/* states only, and `text` beside the client's line */
	DIAGRAM_ARROW,	/* `text` on a line between from and to */
	DIAGRAM_REMARK, /* `text` between the lifelines, about the item above */
	DIAGRAM_ELIDED, /* `text` says what was left out */
	DIAGRAM_ENDING, /* a mark on the client's line, `text` beside it */
};

enum diagram_mark {
	DIAGRAM_NO_MARK,
	DIAGRAM_HEAD,	 /* it arrived */
	DIAGRAM_DROPPED, /* it was lost there */
	DIAGRAM_UNSEEN,	 /* nobody saw what became of it */
};

enum diagram_tone { DIAGRAM_NEUTRAL, DIAGRAM_GOOD, DIAGRAM_BAD };

struct diagram_item {
	int line;
	enum diagram_shape shape;
	enum diagram_mark mark; /* at `to` */
	enum diagram_tone tone;
	int from, to;	 /* in thousandths of the way to the server */
	bool unanswered; /* DIAGRAM_UNSEEN: no answer came */
	bool predicted;	 /* lighter: it never happened */
	char text[128];
	char time[24], gap[24], rto[16];
	char client_state[16], server_state[16];
};

struct diagram_foot {
	enum diagram_mark mark;
	enum diagram_tone tone;
	struct buf text;
};

#define DIAGRAM_FEET_MAX 8

struct diagram {
	struct buf client, server; /* "127.0.0.1:60632" */
	int n, cap;
	struct diagram_item *items; /* in order of `line` */
	int lines;
	int client_until; /* the client's line is solid down to here, dotted below */
	int n_feet;
	struct diagram_foot feet[DIAGRAM_FEET_MAX];
	bool failed;
};

/* Adds what stands below the drawing: what the marks mean, and the verdict as the last. */
void diagram_feet_add(struct diagram *d, const struct story *s);
enum diagram_tone diagram_tone_of(enum outcome o);

/* Puts text from outside into an empty `to`, escaped. */
void diagram_escape(const char *text, struct buf *to);

/* "65.202", "~63.000" when nominal, "0.000031" below 10 ms */
void diagram_time(int64_t ns, bool nominal, char to[24]);

/* "1 s", "1.5 s", "12 ms"; "" when not known */
void diagram_rto(int64_t ns, char to[16]);

/*
 * How many bytes of s make a line of at most `columns`: up to a blank where
 * there is one.  *ret_next is where the next line starts.
 */
size_t diagram_wrap(const char *s, int columns, const char **ret_next);

/* Columns that UTF-8 text takes on a terminal; wide East Asian characters count twice. */
int diagram_columns(const char *s, size_t len);

/* The code point at s (valid UTF-8) and, in *ret_next, the one after it. */
unsigned int diagram_char(const char *s, const char **ret_next);
bool diagram_char_is_wide(unsigned int c);

#endif
