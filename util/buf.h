/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_BUF_H
#define SYNSENT_UTIL_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A growing string.  Zero-initialised it is empty and owns nothing.  When
 * memory runs out `failed` is set, the text so far is kept, and later
 * additions do nothing: check once, at the end.
 */
struct buf {
	char *data; /* NUL-terminated when not NULL */
	size_t len; /* bytes, without the NUL */
	size_t cap;
	bool failed;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_repeat(struct buf *b, const char *s, size_t n);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vfmt(struct buf *b, const char *fmt, va_list ap);

/* Adds text from outside (process names, comments) so that it cannot steer a terminal: bytes that are not
 * printable UTF-8 appear as \xNN, the C0 controls as \n, \t, \xNN, a backslash as \\. */
void buf_escaped(struct buf *b, const char *s, size_t len);

/* The text so far, never NULL; it belongs to b and is valid until b changes. */
const char *buf_text(const struct buf *b);

/* Empties b but keeps its memory. */
void buf_reset(struct buf *b);
void buf_fini(struct buf *b);

#endif
