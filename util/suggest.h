/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_SUGGEST_H
#define SYNSENT_UTIL_SUGGEST_H

#include <limits.h>

/*
 * "Did you mean": the nearest of several words.  Feed it one candidate after
 * the other; `best` is then the nearest of them, or NULL when none is near
 * enough to be what was meant.
 */
struct suggest {
	const char *word;
	const char *best; /* borrowed from the candidates */
	int distance;
};

void suggest_init(struct suggest *s, const char *word);
void suggest_feed(struct suggest *s, const char *candidate);

#endif
