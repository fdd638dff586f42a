/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_EXPLAIN_H
#define SYNSENT_CLI_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "explain/match.h"
#include "util/buf.h"
#include "util/err.h"

/* A text that somebody asks about, and what is known of it. */
struct answer {
	const char *asked; /* from outside */
	size_t asked_len;
	uint64_t line; /* of standard input, from 1; 0: it was an argument */
	int n;
	struct explain_match matches[MATCHES_MAX]; /* the most specific first */
};

/* The first match in full, and the names of the others; there must be one.  80 columns. */
void explain_text(const struct answer *a, struct buf *to);

/* The same as one JSON object and a newline.  Without a match it names the nearest entries. */
void explain_json(const struct answer *a, const struct explain_entry *const *near, int n_near, struct buf *to);

/* A line per entry, by kind; as JSON an object per entry. */
void explain_list(bool json, struct buf *to);

/* The length in bytes of the first n characters of a text in UTF-8. */
size_t explain_cut(const char *text, size_t n);

/* Adds what is asked, escaped, in quotes and cut to so many columns. */
void explain_quote(const char *asked, size_t len, size_t columns, struct buf *to);

/* Adds words, and wraps at 80 columns; `at` is where the line stands, later lines begin at `indent`.  Ends the line. */
void explain_wrap(struct buf *to, const char *text, size_t at, size_t indent);

/*
 * Explains on stdout each known text of standard input once, when it comes, and at the end counts them.  Returns the
 * exit status, or -errno with e filled.  Standard input is parsed confined (util/confine.h).
 */
int explain_log(struct matcher *m, bool json, struct err *e);

#endif
