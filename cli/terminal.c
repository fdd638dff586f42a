/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
		terminal_flush();
	fprintf(stderr, "\r%.*s\033[K", progress_columns(), line);
	fflush(stderr);
	shown = *line != 0;
}

static int failed;

static bool is_beyond_limit(off_t end)
{
	struct rlimit l;

	return !getrlimit(RLIMIT_FSIZE, &l) && l.rlim_cur != RLIM_INFINITY && (rlim_t)end > l.rlim_cur;
}

/* Room for that much of a file, where its filesystem can tell before.  0, or the errno with which a write would end. */
static int reserve(size_t len)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	struct stat st;
	off_t at;

	if (flags < 0 || fstat(STDOUT_FILENO, &st) || !S_ISREG(st.st_mode) || !len)
		return 0;
	at = flags & O_APPEND ? st.st_size : lseek(STDOUT_FILENO, 0, SEEK_CUR);
	if (at >= 0 && is_beyond_limit(at + (off_t)len))
		return EFBIG;
	if (at < 0 || !fallocate(STDOUT_FILENO, FALLOC_FL_KEEP_SIZE, at, (off_t)len))
		return 0;
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? errno : 0;
}

static void put(const char *text, size_t len)
{
	if ((fwrite(text, 1, len, stdout) != len || fflush(stdout)) && !failed)
		failed = errno;
}

/* Of a full disk's file the last line shall be a whole one. */
static void put_lines_that_fit(const char *text, size_t len)
{
	const char *end;
	size_t n;

	for (; len && !failed; text += n, len -= n) {
		end = memchr(text, '\n', len);
		n = end ? (size_t)(end - text) + 1 : len;
		failed = reserve(n);
		if (!failed)
			put(text, n);
	}
}

int terminal_write(const char *text, size_t len)
{
	if (!failed && fflush(stdout))
		failed = errno;
	if (reserve(len))
		put_lines_that_fit(text, len);
	else
		put(text, len);
	return -failed;
}

#define WAITING_MAX 65536

static char waiting[WAITING_MAX];
static size_t n_waiting;

static bool is_terminal(void)
{
	static int is = -1;

	if (is < 0)
		is = isatty(STDOUT_FILENO);
	return is;
}

void terminal_lines(const char *text, size_t len)
{
	if (failed)
		return;
	if (len > sizeof(waiting) - n_waiting)
		terminal_flush();
	if (len > sizeof(waiting) || is_terminal()) {
		terminal_write(text, len);
		return;
	}
	memcpy(waiting + n_waiting, text, len);
	n_waiting += len;
}

int terminal_flush(void)
{
	size_t n = n_waiting;

	n_waiting = 0;
	if (n)
		return terminal_write(waiting, n);
	if (!failed && fflush(stdout))
		failed = errno;
	return -failed;
}

int terminal_failed(void)
{
	return failed;
}

void terminal_error(int code, struct err *e)
{
	err_sys(e, code, "standard output");
	if (code == EFBIG)
		err_remedy(e, "raise the limit on file sizes (ulimit -f)");
}
