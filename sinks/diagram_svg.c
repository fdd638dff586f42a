/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/diagram.h"

#include <string.h>

#include "sinks/diagram_layout.h"
#include "util/buf.h"

/* Pixels.  A character is about 7.8 wide at 13 px. */
#define LINE_HEIGHT 23
#define REMARK_HEIGHT 15 /* of each line of a remark */
#define MARGIN 20
#define FEET_GAP 30 /* from the lifelines' end to the first foot's baseline */
#define STATE_RIGHT 112
#define CLIENT_X 126
#define SERVER_X 506
#define TIME_RIGHT 690
#define GAP_RIGHT 766
#define RTO_RIGHT 826
#define WIDTH 846
#define CHAR_WIDTH_X10 79
#define FOOT_COLUMNS ((WIDTH - 2 * MARGIN - 20) * 10 / CHAR_WIDTH_X10)

/*
 * Colours have a contrast of 4.5:1 or more on their background, in both
 * schemes.  No variables: simple renderers know only plain rules.
 */
static const char style[] = "<style>\n"
			    "text{font:13px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1b1f24}\n"
			    ".bg{fill:#ffffff}\n"
			    "path{stroke:#1b1f24;stroke-width:1.5;fill:none}\n"
			    ".head{fill:#1b1f24;stroke:none}\n"
			    ".b{font-weight:bold}\n"
			    ".e{text-anchor:end}\n"
			    ".dim{fill:#656d76}\n"
			    "path.life{stroke:#8c959f}\n"
			    "path.dim{stroke:#8c959f;stroke-dasharray:3 5;fill:none}\n"
			    ".bad{fill:#c0202a}\n"
			    ".good{fill:#1a7f37}\n"
			    "path.bad{stroke:#c0202a;stroke-width:2.5;fill:none}\n"
			    "@media (prefers-color-scheme:dark){\n"
			    "text{fill:#e6edf3}\n"
			    ".bg{fill:#0d1117}\n"
			    "path{stroke:#e6edf3}\n"
			    ".head{fill:#e6edf3}\n"
			    ".dim{fill:#9198a1}\n"
			    "path.life,path.dim{stroke:#6e7681}\n"
			    ".bad{fill:#ff7b72}\n"
			    ".good{fill:#56d364}\n"
			    "path.bad{stroke:#ff7b72}\n"
			    "}\n"
			    "</style>\n";

static void xml(struct buf *to, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] == '<')
			buf_str(to, "&lt;");
		else if (s[i] == '>')
			buf_str(to, "&gt;");
		else if (s[i] == '&')
			buf_str(to, "&amp;");
		else if (s[i] == '"')
			buf_str(to, "&quot;");
		else
			buf_char(to, s[i]);
	}
}

static void text_n(struct buf *to, int x, int y, const char *class, const char *s, size_t len)
{
	if (!len)
		return;
	buf_fmt(to, "<text x=\"%d\" y=\"%d\"", x, y);
	if (*class)
		buf_fmt(to, " class=\"%s\"", class);
	buf_char(to, '>');
	xml(to, s, len);
	buf_str(to, "</text>\n");
}

static void text(struct buf *to, int x, int y, const char *class, const char *s)
{
	text_n(to, x, y, class, s, strlen(s));
}

static int text_width(const char *s)
{
	return diagram_columns(s, strlen(s)) * CHAR_WIDTH_X10 / 10;
}

static int x_of(int way)
{
	return CLIENT_X + way * (SERVER_X - CLIENT_X) / DIAGRAM_SPAN;
}

static void cross(struct buf *to, int x, int y)
{
	buf_fmt(to, "<path class=\"bad\" d=\"M%d %dl10 10m0 -10l-10 10\"/>\n", x - 5, y - 5);
}

static const char *tone_class(enum diagram_tone tone)
{
	return tone == DIAGRAM_GOOD ? "b good" : tone == DIAGRAM_BAD ? "b bad" : "b";
}

/* The text stands on the line, near where the line's left end is, or beside it where the line is short. */
static void arrow_text(struct buf *to, const struct diagram_item *it, int y)
{
	int left = x_of(it->from < it->to ? it->from : it->to), right = x_of(it->from < it->to ? it->to : it->from);
	const char *class = it->predicted ? "dim" : "";

	if (right - left >= text_width(it->text) + 24)
		text(to, left + 16, y - 5, class, it->text);
	else if (it->to > it->from)
		text(to, right + 12, y + 4, class, it->text);
	else
		text(to, left - 12 - text_width(it->text), y + 4, class, it->text);
}

static void arrow(struct buf *to, const struct diagram_item *it, int y)
{
	int from = x_of(it->from), end = x_of(it->to), sign = it->to > it->from ? 1 : -1;
	int tip = it->mark == DIAGRAM_HEAD ? end - sign : end;

	if (it->mark == DIAGRAM_UNSEEN) {
		buf_fmt(to, "<path d=\"M%d %dH%d\"/>\n", from, y, end - 60 * sign);
		buf_fmt(to, "<path class=\"dim\" d=\"M%d %dH%d\"/>\n", end - 60 * sign, y, end - 10 * sign);
		text(to, end - 4, y + 5, "b", "?");
	} else {
		buf_fmt(to, "<path%s d=\"M%d %dH%d\"/>\n", it->predicted ? " class=\"dim\"" : "", from, y,
			it->mark == DIAGRAM_HEAD ? tip - 8 * sign : tip);
	}
	if (it->mark == DIAGRAM_HEAD)
		buf_fmt(to, "<path class=\"head\" d=\"M%d %dl%d -5v10z\"/>\n", tip, y, -10 * sign);
	else if (it->mark == DIAGRAM_DROPPED)
		cross(to, end, y);
	arrow_text(to, it, y);
}

/* A lifeline is interrupted where SYNs are left out. */
static void gap(struct buf *to, int x, int y)
{
	buf_fmt(to, "<rect class=\"bg\" x=\"%d\" y=\"%d\" width=\"4\" height=\"30\"/>\n", x - 2, y - 12);
	buf_fmt(to, "<path class=\"dim\" d=\"M%d %dv30\"/>\n", x, y - 12);
}

/* above: lines of the same remark before this one, which stand closer. */
static void item_draw(struct buf *to, const struct diagram_item *it, int y, int above)
{
	const char *figure = it->predicted ? "e dim" : "e";

	switch (it->shape) {
	case DIAGRAM_ARROW:
		arrow(to, it, y);
		break;
	case DIAGRAM_PLAIN:
		text(to, CLIENT_X + 16, y + 4, it->predicted ? "dim" : "", it->text);
		break;
	case DIAGRAM_REMARK:
		text(to, CLIENT_X + 16, y - 4 - above * (LINE_HEIGHT - REMARK_HEIGHT), "dim", it->text);
		break;
	case DIAGRAM_ELIDED:
		gap(to, CLIENT_X, y);
		gap(to, SERVER_X, y);
		text(to, CLIENT_X + 16, y, "dim", it->text);
		break;
	case DIAGRAM_ENDING:
		buf_fmt(to, "<circle cx=\"%d\" cy=\"%d\" r=\"5\" class=\"%s\"/>\n", CLIENT_X, y, tone_class(it->tone));
		text(to, CLIENT_X + 16, y + 4, tone_class(it->tone), it->text);
		break;
	}
	text(to, STATE_RIGHT, y + 4, "b e", it->client_state);
	text(to, SERVER_X + 14, y + 4, "b", it->server_state);
	text(to, TIME_RIGHT, y + 4, figure, it->time);
	text(to, GAP_RIGHT, y + 4, figure, it->gap);
	text(to, RTO_RIGHT, y + 4, figure, it->rto);
}

/* Returns the y of the line below. */
static int head(struct buf *to, const struct diagram *d)
{
	const char *client = buf_text(&d->client), *server = buf_text(&d->server);
	int y = MARGIN + 14, right = SERVER_X + 104;
	bool stagger = text_width(client) + text_width(server) + 150 > right - MARGIN;

	text(to, MARGIN, y, "b", "client");
	text(to, MARGIN + 56, y, "", client);
	if (stagger)
		y += LINE_HEIGHT;
	text(to, right, y, "b e", "server");
	text(to, right - 56, y, "e", server);
	return y + LINE_HEIGHT + 4;
}

static void lifelines(struct buf *to, const struct diagram *d, int top)
{
	int bottom = top + d->lines * LINE_HEIGHT, until = bottom;

	if (d->client_until < d->lines)
		until = top + d->client_until * LINE_HEIGHT + LINE_HEIGHT / 2;
	buf_fmt(to, "<path class=\"life\" d=\"M%d %dV%dM%d %dV%d\"/>\n", CLIENT_X, top, until, SERVER_X, top, bottom);
	if (d->client_until + 1 < d->lines)
		buf_fmt(to, "<path class=\"dim\" d=\"M%d %dV%d\"/>\n", CLIENT_X, until, bottom);
}

static int foot(struct buf *to, const struct diagram_foot *f, int y)
{
	const char *s = buf_text(&f->text), *next;
	int x = f->mark ? MARGIN + 18 : MARGIN;

	if (f->mark == DIAGRAM_DROPPED)
		cross(to, MARGIN + 5, y - 5);
	else if (f->mark == DIAGRAM_UNSEEN)
		text(to, MARGIN + 1, y, "b", "?");
	do {
		size_t n = diagram_wrap(s, FOOT_COLUMNS, &next);

		text_n(to, x, y, f->mark || f->tone == DIAGRAM_NEUTRAL ? "" : tone_class(f->tone), s, n);
		y += LINE_HEIGHT;
		x = MARGIN + 18;
		s = next;
	} while (*s);
	return y;
}

static int height_of(const struct diagram *d, int top)
{
	int i, lines = d->lines;

	for (i = 0; i < d->n_feet; i++) {
		const char *s = buf_text(&d->feet[i].text);

		do {
			diagram_wrap(s, FOOT_COLUMNS, &s);
			lines++;
		} while (*s);
	}
	return top + (lines - 1) * LINE_HEIGHT + FEET_GAP + MARGIN;
}

static void said(struct buf *to, const char *before, const char *text)
{
	if (!*text)
		return;
	buf_str(to, before);
	xml(to, text, strlen(text));
}

/* The drawing in words, for those who do not see it: a line for each of its own, then what stands below it. */
static void described(struct buf *to, const struct diagram *d)
{
	int i;

	buf_str(to, "<title id=\"title\">TCP handshake from ");
	said(to, "", d->client.len ? buf_text(&d->client) : "this host");
	said(to, " to ", buf_text(&d->server));
	if (d->n_feet)
		said(to, ": ", buf_text(&d->feet[d->n_feet - 1].text));
	buf_str(to, "</title>\n<desc id=\"desc\">");
	for (i = 0; i < d->n; i++) {
		const struct diagram_item *it = &d->items[i];
		const char *fate = it->mark == DIAGRAM_DROPPED	? ", lost"
				   : it->unanswered		? ", unanswered"
				   : it->mark == DIAGRAM_UNSEEN ? ", not seen to arrive"
								: "";
		bool arrow = it->shape == DIAGRAM_ARROW;

		if (!it->text[0])
			continue;
		said(to, "\n", it->time);
		said(to, it->time[0] ? " s: " : "\n", it->text);
		buf_str(to, !arrow ? "" : it->to > it->from ? ", client to server" : ", server to client");
		said(to, "", fate);
		said(to, "; client ", it->client_state);
		said(to, "; server ", it->server_state);
	}
	for (i = 0; i < d->n_feet; i++)
		said(to, "\n", buf_text(&d->feet[i].text));
	buf_str(to, "\n</desc>\n");
}

void diagram_svg(const struct diagram *d, struct buf *to)
{
	struct buf above = { 0 };
	int i, y, remarks = 0, top = head(&above, d), height = height_of(d, top);

	buf_fmt(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
		"role=\"img\" aria-labelledby=\"title desc\">\n",
		WIDTH, height, WIDTH, height);
	described(to, d);
	buf_str(to, style);
	buf_fmt(to, "<rect class=\"bg\" width=\"%d\" height=\"%d\"/>\n", WIDTH, height);
	buf_str(to, buf_text(&above));
	buf_fini(&above);
	lifelines(to, d, top);
	text(to, TIME_RIGHT, top + LINE_HEIGHT / 2 + 4, "e dim", "time");
	text(to, GAP_RIGHT, top + LINE_HEIGHT / 2 + 4, "e dim", "gap");
	text(to, RTO_RIGHT, top + LINE_HEIGHT / 2 + 4, "e dim", "RTO");
	for (i = 0; i < d->n; i++) {
		item_draw(to, &d->items[i], top + d->items[i].line * LINE_HEIGHT + LINE_HEIGHT / 2, remarks);
		remarks = d->items[i].shape == DIAGRAM_REMARK ? remarks + 1 : 0;
	}
	y = top + d->lines * LINE_HEIGHT + FEET_GAP;
	for (i = 0; i < d->n_feet; i++)
		y = foot(to, &d->feet[i], y);
	buf_str(to, "</svg>\n");
}
