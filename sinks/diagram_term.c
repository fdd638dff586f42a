/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/diagram.h"

#include <string.h>

#include "sinks/diagram_layout.h"
#include "sinks/utf8.h"
#include "util/buf.h"

#define COLUMNS_MAX 160
#define COLUMNS_FULL 80

/* Columns of an 80-column line: states, client's lifeline, 30 for the arrows, server's lifeline, states, figures. */
#define STATE_WIDTH 11
#define CLIENT_AT 12
#define WAY_WIDTH 30
#define TIME_END 64
#define GAP_END 73
#define RTO_END 79

enum pen { PEN_BOLD = 1, PEN_DIM = 2, PEN_RED = 4, PEN_GREEN = 8 };

struct glyphs {
	const char *lifeline, *ended, *dash, *dots, *right, *left, *dropped, *unseen, *elided, *failed, *good;
};

static const struct glyphs glyphs_utf8 = {
	"│", "┊", "─", "┄", "▶", "◀", "✗", "?", "⋮", "■", "●",
};

static const struct glyphs glyphs_ascii = {
	"|", ":", "-", ".", ">", "<", "X", "?", ":", "x", "o",
};

struct cell {
	unsigned int c; /* 0: blank, or the right half of a wide character */
	unsigned int pen;
};

/* One line, drawn into and then written out. */
struct canvas {
	const struct diagram_term_opts *o;
	const struct glyphs *g;
	struct buf *to;
	int columns;   /* to cut at */
	int server_at; /* the server's lifeline */
	int figures;   /* added to TIME_END and so on */
	struct cell cells[COLUMNS_MAX];
};

static void put(struct canvas *cv, int at, const char *s, unsigned int pen)
{
	while (*s && at < COLUMNS_MAX) {
		unsigned int c = diagram_char(s, &s);

		if (!cv->o->utf8 && c >= 0x80)
			c = '?';
		if (at >= 0)
			cv->cells[at] = (struct cell){ c, pen };
		if (diagram_char_is_wide(c) && ++at >= 0 && at < COLUMNS_MAX)
			cv->cells[at] = (struct cell){ 0 };
		at++;
	}
}

static int width(const char *s)
{
	return diagram_columns(s, strlen(s));
}

static void put_right(struct canvas *cv, int end, const char *s, unsigned int pen)
{
	put(cv, end - width(s) + 1, s, pen);
}

static void pen_out(struct canvas *cv, unsigned int pen)
{
	buf_str(cv->to, "\033[0");
	if (pen & PEN_BOLD)
		buf_str(cv->to, ";1");
	if (pen & PEN_DIM)
		buf_str(cv->to, ";2");
	if (pen & PEN_RED)
		buf_str(cv->to, ";31");
	if (pen & PEN_GREEN)
		buf_str(cv->to, ";32");
	buf_char(cv->to, 'm');
}

static void flush(struct canvas *cv)
{
	unsigned int pen = 0;
	int i, n;

	for (n = cv->columns; n > 0 && !cv->cells[n - 1].c; n--)
		;
	for (i = 0; i < n; i++) {
		const struct cell *c = &cv->cells[i];

		if (cv->o->color && c->c && c->c != ' ' && c->pen != pen) {
			pen_out(cv, c->pen);
			pen = c->pen;
		}
		if (c->c || !i || !diagram_char_is_wide(cv->cells[i - 1].c))
			utf8_put(cv->to, c->c ? c->c : ' ');
	}
	if (pen)
		buf_str(cv->to, "\033[0m");
	buf_char(cv->to, '\n');
	memset(cv->cells, 0, sizeof(cv->cells));
}

static int column_of(const struct canvas *cv, int way)
{
	return CLIENT_AT + (way * (cv->server_at - CLIENT_AT) + DIAGRAM_SPAN / 2) / DIAGRAM_SPAN;
}

static unsigned int tone_pen(enum diagram_tone tone)
{
	return tone == DIAGRAM_GOOD ? PEN_GREEN : tone == DIAGRAM_BAD ? PEN_RED : 0;
}

/* Text in the shaft [low, high] after four dashes, less where it is short, or past its end where it has no room. */
static void arrow_text(struct canvas *cv, const struct diagram_item *it, int low, int high, int mark)
{
	int len = width(it->text), room = high - low + 1, at;
	unsigned int pen = it->predicted ? PEN_DIM : 0;
	bool right = it->to > it->from;

	if (!len)
		return;
	if (room < len + 3) {
		put(cv, right ? mark + 2 : mark - 1 - len, it->text, pen);
		return;
	}
	at = low + (room >= len + 8 ? 4 : 1);
	put(cv, at, " ", 0);
	put(cv, at + 1, it->text, pen);
	put(cv, at + 1 + len, " ", 0);
}

static void arrow(struct canvas *cv, const struct diagram_item *it)
{
	const char *dash = it->predicted ? cv->g->dots : cv->g->dash;
	unsigned int pen = it->predicted ? PEN_DIM : 0;
	bool right = it->to > it->from;
	int from = column_of(cv, it->from), to = column_of(cv, it->to), low, high, i;

	/* the lifelines stay whole, unless a packet was lost right there */
	if (from == CLIENT_AT || from == cv->server_at)
		from += right ? 1 : -1;
	if (it->mark != DIAGRAM_DROPPED && (to == CLIENT_AT || to == cv->server_at))
		to -= right ? 1 : -1;
	low = right ? from : to + (it->mark != DIAGRAM_NO_MARK);
	high = right ? to - (it->mark != DIAGRAM_NO_MARK) : from;
	for (i = low; i <= high; i++)
		put(cv, i, dash, pen);
	if (it->mark == DIAGRAM_HEAD)
		put(cv, to, right ? cv->g->right : cv->g->left, 0);
	else if (it->mark == DIAGRAM_DROPPED)
		put(cv, to, cv->g->dropped, PEN_BOLD | PEN_RED);
	else if (it->mark == DIAGRAM_UNSEEN) {
		for (i = 1; i <= 4; i++)
			put(cv, right ? to - i : to + i, i == 1 ? " " : cv->g->dots, PEN_DIM);
		put(cv, to, cv->g->unseen, PEN_BOLD);
	}
	arrow_text(cv, it, low, high, to);
}

static void item_draw(struct canvas *cv, const struct diagram_item *it)
{
	unsigned int pen = it->predicted ? PEN_DIM : 0;

	switch (it->shape) {
	case DIAGRAM_ARROW:
		arrow(cv, it);
		break;
	case DIAGRAM_PLAIN:
		put(cv, CLIENT_AT + 2, it->text, pen);
		break;
	case DIAGRAM_REMARK:
		put(cv, CLIENT_AT + 3, it->text, PEN_DIM);
		break;
	case DIAGRAM_ELIDED:
		put(cv, CLIENT_AT, cv->g->elided, PEN_DIM);
		put(cv, cv->server_at, cv->g->elided, PEN_DIM);
		put(cv, CLIENT_AT + 3, it->text, PEN_DIM);
		break;
	case DIAGRAM_ENDING:
		put(cv, CLIENT_AT, it->tone == DIAGRAM_BAD ? cv->g->failed : cv->g->good,
		    PEN_BOLD | tone_pen(it->tone));
		put(cv, CLIENT_AT + 2, it->text, PEN_BOLD | tone_pen(it->tone));
		break;
	}
	put_right(cv, STATE_WIDTH - 1, it->client_state, PEN_BOLD);
	put(cv, cv->server_at + 2, it->server_state, PEN_BOLD);
	put_right(cv, TIME_END + cv->figures, it->time, pen);
	put_right(cv, GAP_END + cv->figures, it->gap, pen);
	put_right(cv, RTO_END + cv->figures, it->rto, pen);
}

static void name_out(struct canvas *cv, int at, const char *word, const char *name, bool word_first)
{
	put(cv, at, word_first ? word : name, word_first ? PEN_BOLD : 0);
	at += width(word_first ? word : name) + (*name ? 1 : 0);
	put(cv, at, word_first ? name : word, word_first ? 0 : PEN_BOLD);
}

/* Both addresses on one line where they fit, else the server's below, to the right. */
static void head(struct canvas *cv, const struct diagram *d)
{
	const char *client = buf_text(&d->client), *server = buf_text(&d->server);
	int at, end = cv->server_at + 2 + STATE_WIDTH;

	name_out(cv, 0, "client", client, true);
	at = end - width(server) - 7;
	if (at < 7 + width(client) + 2) {
		flush(cv);
		at = at < 0 ? 0 : at;
	}
	name_out(cv, at, "server", server, false);
	flush(cv);
}

static void lifelines(struct canvas *cv, const struct diagram *d, int line)
{
	bool ended = line > d->client_until;

	put(cv, CLIENT_AT, ended ? cv->g->ended : cv->g->lifeline, ended ? PEN_DIM : 0);
	put(cv, cv->server_at, cv->g->lifeline, 0);
}

static void body(struct canvas *cv, const struct diagram *d)
{
	int i = 0, line;

	for (line = 0; line < d->lines; line++) {
		lifelines(cv, d, line);
		if (line == 0) {
			put_right(cv, TIME_END + cv->figures, "time", PEN_DIM);
			put_right(cv, GAP_END + cv->figures, "gap", PEN_DIM);
			put_right(cv, RTO_END + cv->figures, "RTO", PEN_DIM);
		}
		for (; i < d->n && d->items[i].line == line; i++)
			item_draw(cv, &d->items[i]);
		flush(cv);
	}
}

static void foot(struct canvas *cv, const struct diagram_foot *f)
{
	unsigned int pen = tone_pen(f->tone) | (f->mark ? 0 : PEN_BOLD);
	const char *s = buf_text(&f->text), *next;
	bool first = true;

	if (f->tone == DIAGRAM_NEUTRAL || f->mark)
		pen = 0;
	do {
		char line[COLUMNS_MAX * 4 + 1];
		size_t n = diagram_wrap(s, cv->columns - 3, &next);

		if (first && f->mark == DIAGRAM_DROPPED)
			put(cv, 0, cv->g->dropped, PEN_BOLD | PEN_RED);
		else if (first && f->mark == DIAGRAM_UNSEEN)
			put(cv, 0, cv->g->unseen, PEN_BOLD);
		n = n < sizeof(line) ? n : sizeof(line) - 1;
		memcpy(line, s, n);
		line[n] = 0;
		put(cv, f->mark || !first ? 2 : 0, line, pen);
		flush(cv);
		first = false;
		s = next;
	} while (*s);
}

void diagram_term(const struct diagram *d, const struct diagram_term_opts *o, struct buf *to)
{
	struct canvas cv = { .o = o, .g = o->utf8 ? &glyphs_utf8 : &glyphs_ascii, .to = to };
	int i, extra, n_feet = d->n_feet - o->no_verdict, first = 0;

	cv.columns = o->columns < 1 ? COLUMNS_FULL : o->columns > COLUMNS_MAX ? COLUMNS_MAX : o->columns;
	/* a wider terminal gives its room to the arrows, within reason */
	extra = cv.columns > COLUMNS_FULL ? cv.columns - COLUMNS_FULL : 0;
	cv.figures = extra < WAY_WIDTH ? extra : WAY_WIDTH;
	cv.server_at = CLIENT_AT + WAY_WIDTH + 1 + cv.figures;
	head(&cv, d);
	body(&cv, d);
	while (o->no_causes && first < n_feet && d->feet[first].mark == DIAGRAM_DROPPED)
		first++;
	if (first < n_feet)
		flush(&cv);
	for (i = first; i < n_feet; i++)
		foot(&cv, &d->feet[i]);
}
