/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>

#define ESCAPE_MS 50 /* what follows an escape within this belongs to it */
#define CTRL_L 12

enum { PAIR_RED = 1, PAIR_GREEN };

/* ncurses takes these over; the first two it must not have, as it would exit. */
static const int signals[] = { SIGINT, SIGTERM, SIGTSTP, SIGWINCH };
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))
#define N_NOT_THEIRS 2

struct watch_screen {
	struct screen *model;
	struct screen_frame frame;
	SCREEN *terminal;
	FILE *in; /* NULL: stdin */
	int fd;
	bool color;
	struct sigaction before[N_SIGNALS];
};

static int no_terminal(struct err *e)
{
	err_set(e, ENOTTY, "--top needs a terminal, and stdout is none");
	err_remedy(e, "leave --top out for a line per attempt, or -j for JSON");
	if (e)
		e->exit_code = 2;
	return -ENOTTY;
}

static int not_able(struct err *e)
{
	const char *term = getenv("TERM");

	err_set(e, EINVAL, "--top cannot drive this terminal (TERM is %.40s)", term && *term ? term : "not set");
	err_remedy(e, "set TERM to what the terminal is, or leave --top out for a line per attempt");
	if (e)
		e->exit_code = 77;
	return -EINVAL;
}

/* Keys come from the terminal even where stdin is something else. */
static int input_open(struct watch_screen *s, struct err *e)
{
	if (isatty(STDIN_FILENO)) {
		s->fd = STDIN_FILENO;
		return 0;
	}
	s->in = fopen("/dev/tty", "re");
	if (!s->in) {
		int r = err_sys(e, errno, "--top: cannot read keys from /dev/tty");

		err_remedy(e, "run it in a terminal of its own, or leave --top out for a line per attempt");
		return r;
	}
	s->fd = fileno(s->in);
	return 0;
}

static void colours_set(struct watch_screen *s, bool wanted)
{
	s->color = wanted && has_colors() && start_color() == OK && use_default_colors() == OK &&
		   init_pair(PAIR_RED, COLOR_RED, -1) == OK && init_pair(PAIR_GREEN, COLOR_GREEN, -1) == OK;
}

static int terminal_take(struct watch_screen *s, const struct watch_screen_opts *o, struct err *e)
{
	size_t i;

	for (i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], NULL, &s->before[i]);
	s->terminal = newterm(NULL, stdout, s->in ? s->in : stdin);
	if (!s->terminal)
		return not_able(e);
	for (i = 0; i < N_NOT_THEIRS; i++)
		sigaction(signals[i], &s->before[i], NULL);
	/* what moves the cursor is all that it takes; hardcopy and dumb terminals cannot */
	if (!tigetstr("cup") || tigetstr("cup") == (char *)-1)
		return not_able(e);
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	colours_set(s, o->terminal.color);
	return 0;
}

int watch_screen_open(const struct watch_screen_opts *o, struct watch_screen **ret, struct err *e)
{
	struct screen_opts so = {
		.what = o->what, .untold = o->untold, .since_ns = o->since_ns, .utf8 = o->terminal.utf8
	};
	struct watch_screen *s;
	int r;

	if (!isatty(STDOUT_FILENO))
		return no_terminal(e);
	if (getrandom(&so.seed, sizeof(so.seed), 0) != sizeof(so.seed))
		so.seed = (uint64_t)o->since_ns;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_sys(e, ENOMEM, "--top");
	s->model = screen_new(&so);
	r = s->model ? input_open(s, e) : err_sys(e, ENOMEM, "--top");
	if (!r)
		r = terminal_take(s, o, e);
	if (r) {
		watch_screen_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void watch_screen_free(struct watch_screen *s)
{
	size_t i;

	if (!s)
		return;
	if (s->terminal) {
		if (!isendwin())
			endwin();
		delscreen(s->terminal);
		for (i = 0; i < N_SIGNALS; i++)
			sigaction(signals[i], &s->before[i], NULL);
	}
	if (s->in)
		fclose(s->in);
	screen_frame_fini(&s->frame);
	screen_free(s->model);
	free(s);
}

struct screen *watch_screen_model(struct watch_screen *s)
{
	return s->model;
}

int watch_screen_fd(const struct watch_screen *s)
{
	return s->fd;
}

/* The key as the model knows it; 0: none of its. */
static uint32_t key_of(int kind, wint_t c)
{
	static const struct {
		int kind;
		wint_t c;
		uint32_t key;
	} keys[] = {
		{ KEY_CODE_YES, KEY_UP, SCREEN_KEY_UP },
		{ KEY_CODE_YES, KEY_DOWN, SCREEN_KEY_DOWN },
		{ KEY_CODE_YES, KEY_LEFT, SCREEN_KEY_LEFT },
		{ KEY_CODE_YES, KEY_RIGHT, SCREEN_KEY_RIGHT },
		{ KEY_CODE_YES, KEY_PPAGE, SCREEN_KEY_PAGE_UP },
		{ KEY_CODE_YES, KEY_NPAGE, SCREEN_KEY_PAGE_DOWN },
		{ KEY_CODE_YES, KEY_HOME, SCREEN_KEY_HOME },
		{ KEY_CODE_YES, KEY_END, SCREEN_KEY_END },
		{ KEY_CODE_YES, KEY_ENTER, SCREEN_KEY_ENTER },
		{ KEY_CODE_YES, KEY_BTAB, SCREEN_KEY_BACKTAB },
		{ KEY_CODE_YES, KEY_BACKSPACE, SCREEN_KEY_BACKSPACE },
		{ OK, '\r', SCREEN_KEY_ENTER },
		{ OK, '\n', SCREEN_KEY_ENTER },
		{ OK, '\t', SCREEN_KEY_TAB },
		{ OK, 27, SCREEN_KEY_ESCAPE },
		{ OK, 127, SCREEN_KEY_BACKSPACE },
		{ OK, 8, SCREEN_KEY_BACKSPACE },
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].kind == kind && keys[i].c == c)
			return keys[i].key;
	return kind == OK && c >= ' ' ? (uint32_t)c : 0;
}

static bool hung_up(const struct watch_screen *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}

#define KEYS_AT_ONCE 256 /* what is pasted must not hold the loop up */

enum watch_goes watch_screen_keys(struct watch_screen *s)
{
	int i;

	for (i = 0; i < KEYS_AT_ONCE; i++) {
		wint_t c = 0;
		int kind = get_wch(&c);
		uint32_t key;

		if (kind == ERR)
			break;
		if (kind == OK && c == CTRL_L)
			clearok(curscr, TRUE);
		key = key_of(kind, c);
		if (!screen_key(s->model, key))
			return WATCH_QUIT;
	}
	return hung_up(s) ? WATCH_QUIT : WATCH_GOES_ON;
}

/* Asked for each time: the signal that tells of it may be blocked, or be another's. */
static void size_get(struct watch_screen *s)
{
	struct winsize w;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_row && w.ws_col && !(w.ws_row == LINES && w.ws_col == COLS))
		resizeterm(w.ws_row, w.ws_col);
}

static void cell_put(const struct watch_screen *s, int row, int column, const struct screen_cell *c, bool wide)
{
	wchar_t text[2] = { (wchar_t)c->c, 0 };
	attr_t attributes = 0;
	short pair = 0;
	cchar_t cell;

	/* what the terminal takes to be of another width would move all that follows */
	if (wcwidth(text[0]) != 1 + wide)
		text[0] = L'?';
	attributes |= c->pen & SCREEN_BOLD ? A_BOLD : 0;
	attributes |= c->pen & SCREEN_DIM ? A_DIM : 0;
	attributes |= c->pen & SCREEN_REVERSE ? A_REVERSE : 0;
	if (s->color)
		pair = c->pen & SCREEN_RED ? PAIR_RED : c->pen & SCREEN_GREEN ? PAIR_GREEN : 0;
	if (setcchar(&cell, text, attributes, pair, NULL) == OK)
		mvadd_wch(row, column, &cell);
}

void watch_screen_draw(struct watch_screen *s, int64_t now_ns)
{
	struct screen_frame *f = &s->frame;
	int row, column;

	size_get(s);
	if (screen_frame_size(f, LINES, COLS))
		return; /* the frame before stays */
	screen_draw(s->model, now_ns, f);
	erase();
	for (row = 0; row < f->rows; row++) {
		for (column = 0; column < f->columns; column++) {
			const struct screen_cell *c = &f->cells[row * f->columns + column];

			if (c->c && (c->c != ' ' || c->pen))
				cell_put(s, row, column, c, column + 1 < f->columns && !c[1].c);
		}
	}
	curs_set(f->cursor_row >= 0);
	if (f->cursor_row >= 0)
		move(f->cursor_row, f->cursor_column);
	refresh();
}

int64_t watch_screen_due_ns(const struct watch_screen *s)
{
	return screen_due_ns(s->model);
}
