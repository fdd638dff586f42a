/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *const *terminal_color_words(void)
{
	static const char *const words[] = { "always", "auto", "never", NULL };

	return words;
}

int terminal_columns(int fd)
{
	struct winsize w;

	return ioctl(fd, TIOCGWINSZ, &w) ? 0 : w.ws_col;
}

int terminal_init(struct terminal *t, const char *when, struct err *e)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	int columns = terminal_columns(STDOUT_FILENO);

	t->columns = columns ? columns : 80;
	t->progress = isatty(STDERR_FILENO);
	t->utf8 = setlocale(LC_CTYPE, "") && !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (!when || !strcmp(when, "auto")) {
		t->color = isatty(STDOUT_FILENO) && (!no_color || !*no_color) && term && strcmp(term, "dumb");
	} else if (!strcmp(when, "always") || !strcmp(when, "never")) {
		t->color = *when == 'a';
	} else {
		e->exit_code = 2;
		return err_set(e, EINVAL, "--color %s: must be always, auto or never", when);
	}
	return 0;
}

/* So that the line never wraps: the window may have changed meanwhile, and is not stdout's when that is a file. */
static int progress_columns(void)
{
	struct winsize w;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &w) && w.ws_col > 1 ? w.ws_col - 1 : 79;
}

void terminal_progress(const struct terminal *t, const char *line)
{
	static bool shown;

	if (!t->progress || (!*line && !shown))
		return;
	if (*line)
		fflush(stdout);
	fprintf(stderr, "\r%.*s\033[K", progress_columns(), line);
	fflush(stderr);
	shown = *line != 0;
}

static int failed;

int terminal_write(const char *text, size_t len)
{
	if ((fwrite(text, 1, len, stdout) != len || fflush(stdout)) && !failed)
		failed = errno;
	return -failed;
}

int terminal_failed(void)
{
	return failed;
}
