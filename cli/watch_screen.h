/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_SCREEN_H
#define SYNSENT_CLI_WATCH_SCREEN_H

#include "cli/terminal.h"
#include "sinks/screen.h"

/*
 * The full screen of `synsent watch --top`: sinks/screen.h on a terminal, by
 * ncursesw.  For a loop that polls:
 *
 *   open; then, for ever: poll(watch_screen_fd(), ..., until watch_screen_due_ns());
 *   watch_screen_keys() when it is readable, says POLLHUP, or poll() was interrupted (the
 *   size may have changed); watch_screen_draw() when it is due; tell watch_screen_model() of attempts
 *
 * While it is open nothing else may be written to the terminal: screen_say() is
 * for that.  Ctrl-C and Ctrl-Z are signals as ever; those that end the program
 * must be caught, and watch_screen_free() called, as the terminal is left as it
 * is otherwise.  One at a time.
 */
struct watch_screen;

struct watch_screen_opts {
	struct terminal terminal; /* by terminal_init(), which has set the locale */
	const char *what;	  /* what is watched; "" for everything */
	const char *untold;	  /* as in struct screen_opts */
	int64_t since_ns;	  /* now, in ns since 1970 */
};

/*
 * Takes the terminal over.  0, or -errno with e filled: -ENOSYS when this build
 * has no ncursesw, -ENOTTY when stdout is no terminal, -EINVAL when the terminal
 * (TERM) cannot do it, -ENOMEM.
 */
int watch_screen_open(const struct watch_screen_opts *o, struct watch_screen **ret, struct err *e);

/* Gives it back as it was.  s may be NULL. */
void watch_screen_free(struct watch_screen *s);

/* What is shown; it belongs to s. */
struct screen *watch_screen_model(struct watch_screen *s);

/* Where keys come from: to be polled for POLLIN. */
int watch_screen_fd(const struct watch_screen *s);

enum watch_goes { WATCH_GOES_ON, WATCH_QUIT };

/* Takes the keys that wait, and does not wait for any.  WATCH_QUIT: the user wants to leave, or the terminal is gone.
 */
enum watch_goes watch_screen_keys(struct watch_screen *s);

/* Draws, in the size that the terminal has by now.  now_ns: since 1970. */
void watch_screen_draw(struct watch_screen *s, int64_t now_ns);

/* When that is to be done again, as far as it is known; the past: at once. */
int64_t watch_screen_due_ns(const struct watch_screen *s);

#endif
