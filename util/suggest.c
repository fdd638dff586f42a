/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/suggest.h"

#include <string.h>

/* Longer words are not typing errors of ours. */
#define WORD_MAX_LEN 32

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits (insert, delete, replace, swap two neighbours) that make b of a. */
static int edits(const char *a, const char *b)
{
	int d[WORD_MAX_LEN + 1][WORD_MAX_LEN + 1];
	int na = (int)strlen(a), nb = (int)strlen(b), i, j;

	for (i = 0; i <= na; i++)
		d[i][0] = i;
	for (j = 0; j <= nb; j++)
		d[0][j] = j;
	for (i = 1; i <= na; i++) {
		for (j = 1; j <= nb; j++) {
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[na][nb];
}

void suggest_init(struct suggest *s, const char *word)
{
	*s = (struct suggest){ .word = word, .distance = INT_MAX };
}

void suggest_feed(struct suggest *s, const char *candidate)
{
	size_t len = strlen(s->word);
	int distance, allowed;

	if (!len || len > WORD_MAX_LEN || strlen(candidate) > WORD_MAX_LEN)
		return;
	if (len >= 2 && !strncmp(s->word, candidate, len)) {
		/* The beginning of it: nearer than any typing error. */
		distance = 0;
	} else {
		distance = edits(s->word, candidate);
		allowed = len < 4 ? 1 : len < 8 ? 2 : 3;
		if (distance > allowed || distance >= (int)strlen(candidate))
			return;
	}
	if (distance < s->distance) {
		s->best = candidate;
		s->distance = distance;
	}
}
