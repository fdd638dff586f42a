/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_EXPLAIN_MATCH_H
#define SYNSENT_EXPLAIN_MATCH_H

#include <stddef.h>

#include "explain/entry.h"

/*
 * Finds the texts of all entries in lines, such as those of a log.  A line is
 * walked through once: each text has four characters of its own by which it is
 * noticed, and only then is it looked for.
 */
struct matcher;

/* NULL when there is no memory. */
struct matcher *matcher_new(void);
void matcher_free(struct matcher *m);

struct explain_match {
	const struct explain_entry *entry;
	int weight; /* of the text found: pattern_weight() */
};

#define MATCHES_MAX 16

/* The entries of which a text is in the line (no newline in it; any bytes), each once, the most specific first; how
 * many.  `scratch` has room for len bytes. */
int matcher_line(struct matcher *m, const char *line, size_t len, char *scratch, struct explain_match ret[MATCHES_MAX]);

#endif
