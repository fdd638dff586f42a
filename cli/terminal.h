/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_TERMINAL_H
#define SYNSENT_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

/* What the output can show. */
struct terminal {
	bool color;    /* --color, else stdout is a terminal and NO_COLOR is not set */
	bool utf8;     /* the locale's character set */
	bool progress; /* stderr is a terminal: a line that changes may be shown there */
	int columns;   /* of stdout; 80 when it is no terminal */
};

/* when: "always", "never", "auto" or NULL.  0, or -EINVAL with e filled. */
int terminal_init(struct terminal *t, const char *when, struct err *e);

/* Of that descriptor, as it is now; 0 when it is no terminal, or one that does not know. */
int terminal_columns(int fd);

/* For option rows. */
const char *const *terminal_color_words(void);

/* Shows a line of ASCII on stderr, cut to its width, in place of the last one; "" takes it away.  Nothing when progress
 * is off. */
void terminal_progress(const struct terminal *t, const char *line);

/* Writes it to stdout at once; of lines that do not fit into a file on a full disk only whole ones.  0, or -errno of
 * the first such write that failed. */
int terminal_write(const char *text, size_t len);

/* The same for many lines, each of them whole: all of a call, with its newline.  They wait for others, where stdout is
 * no terminal, until terminal_flush(), which what is printed in other ways must not come before. */
void terminal_lines(const char *text, size_t len);
int terminal_flush(void);

/* That errno, for main(); 0: none failed. */
int terminal_failed(void);

/* Fills e with it. */
void terminal_error(int code, struct err *e);

#endif
