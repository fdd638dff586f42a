/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "sinks/screen_model.h"
#include "sinks/utf8.h"

#define SIDEWAYS 8 /* columns */
#define FAR 1000000

/* How far a key moves, in a window of so many rows; 0: it is another key. */
static int movement(uint32_t key, int rows)
{
	int page = rows > 1 ? rows - 1 : 1;

	switch (key) {
	case 'k':
	case SCREEN_KEY_UP:
		return -1;
	case 'j':
	case SCREEN_KEY_DOWN:
		return 1;
	case SCREEN_KEY_PAGE_UP:
		return -page;
	case SCREEN_KEY_PAGE_DOWN:
		return page;
	case 'g':
	case SCREEN_KEY_HOME:
		return -FAR;
	case 'G':
	case SCREEN_KEY_END:
		return FAR;
	default:
		return 0;
	}
}

static bool leaves(uint32_t key)
{
	return key == 'q' || key == SCREEN_KEY_ESCAPE;
}

static void help_key(struct screen *s, uint32_t key)
{
	s->help_top += movement(key, 10);
	if (s->help_top > FAR / 2)
		s->help_top = FAR / 2; /* drawing makes the end of it */
	if (s->help_top < 0)
		s->help_top = 0;
	if (leaves(key) || key == 'h' || key == '?')
		s->help = false;
}

static void detail_key(struct screen *s, uint32_t key)
{
	struct screen_detail *d = &s->detail;

	d->top = screen_top(d->top + movement(key, d->rows), d->lines, d->rows);
	if (key == SCREEN_KEY_RIGHT && d->left < 10 * SIDEWAYS)
		d->left += SIDEWAYS;
	else if (key == SCREEN_KEY_LEFT && d->left)
		d->left -= SIDEWAYS;
	else if (key == 'h' || key == '?')
		s->help = true;
	else if (leaves(key) || key == SCREEN_KEY_ENTER)
		d->open = false;
}

static void add_char(char *text, size_t size, uint32_t c)
{
	struct buf add = { 0 };
	size_t len = strlen(text);

	if (utf8_hidden(c) || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || len + 4 >= size)
		return;
	utf8_put(&add, c);
	memcpy(text + len, buf_text(&add), add.len + 1);
	buf_fini(&add);
}

static void no_filter(struct screen *s)
{
	if (s->filter[0] && s->of_server)
		s->focus = SCREEN_PANE_SERVERS;
	s->filter[0] = '\0';
	s->of_server = false;
}

static void typed(struct screen *s, uint32_t key)
{
	size_t len = strlen(s->filter);

	if (key == SCREEN_KEY_ENTER) {
		s->typing = false;
	} else if (key == SCREEN_KEY_ESCAPE) {
		s->typing = false;
		no_filter(s);
	} else if (key == SCREEN_KEY_BACKSPACE) {
		while (len && (s->filter[--len] & 0xc0) == 0x80)
			;
		s->filter[len] = '\0';
	} else {
		add_char(s->filter, sizeof(s->filter), key);
	}
}

/* Of a server: the failures of its own. */
static void enter_server(struct screen *s, const struct screen_rate *r)
{
	char text[ENDPOINT_TEXT_LEN];

	_Static_assert(sizeof(s->filter) > sizeof(text), "a server fits a filter");
	memcpy(s->filter, endpoint_format(&r->server, text), sizeof(text));
	s->of_server = true;
	s->focus = SCREEN_PANE_FAILURES;
}

static void enter(struct screen *s)
{
	const struct screen_item *i = screen_chosen(s);
	const struct screen_kept *k;

	if (!i)
		return;
	if (s->focus == SCREEN_PANE_SERVERS) {
		enter_server(s, i->of);
	} else if (s->focus == SCREEN_PANE_PENDING) {
		screen_detail_open(s, &((const struct screen_pending *)i->of)->a, true);
	} else {
		k = screen_kept_of(s, i->id);
		if (k)
			screen_detail_open(s, &k->a, false);
		else
			screen_say(s, "only the last 200 failures are kept with all that was seen of them");
	}
}

static void edit_filter(struct screen *s)
{
	s->typing = true;
	s->of_server = false;
}

static void list_key(struct screen *s, uint32_t key)
{
	struct screen_list *l = &s->lists[s->focus];
	int by = movement(key, l->rows);

	if (by)
		screen_move(l, by);
	else if (key == SCREEN_KEY_TAB || key == SCREEN_KEY_BACKTAB)
		s->focus =
			(enum screen_pane)((s->focus + (key == SCREEN_KEY_TAB ? 1 : SCREEN_PANES - 1)) % SCREEN_PANES);
	else if (key == 's')
		l->order = (l->order + 1) % SCREEN_ORDERS;
	else if (key == '/')
		edit_filter(s);
	else if (leaves(key))
		no_filter(s);
	else if (key == 'p' || key == ' ')
		s->paused = !s->paused;
	else if (key == 'c')
		screen_clear(s);
	else if (key == 'h' || key == '?')
		s->help = true;
	else if (key == SCREEN_KEY_ENTER)
		enter(s);
}

bool screen_key(struct screen *s, uint32_t key)
{
	s->said[0] = '\0';
	s->hurried = true;
	screen_view(s); /* since the last frame things have changed */
	if (s->help)
		help_key(s, key);
	else if (s->detail.open)
		detail_key(s, key);
	else if (s->typing)
		typed(s, key);
	else if (key == 'q' && !s->filter[0])
		return false;
	else
		list_key(s, key);
	return true;
}
