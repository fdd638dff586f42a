/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/near.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "explain/pattern.h"

/* Of a longer text the beginning decides. */
#define WORDS_MAX 64
#define WORD_LEN_MIN 3
#define RARE 10000 /* what a word counts that one entry alone has */

struct word {
	const char *at;
	size_t len;
};

/* Moves *at behind the next word; false at the end. */
static bool next_word(const char **at, struct word *ret)
{
	while (**at && !pattern_is_word(**at))
		++*at;
	ret->at = *at;
	while (pattern_is_word(**at))
		++*at;
	ret->len = (size_t)(*at - ret->at);
	return ret->len > 0;
}

static bool same(const struct word *a, const struct word *b)
{
	size_t i;

	if (a->len != b->len)
		return false;
	for (i = 0; i < a->len && pattern_lower(a->at[i]) == pattern_lower(b->at[i]); i++)
		;
	return i == a->len;
}

static bool text_has(const char *text, const struct word *w)
{
	struct word other;

	while (next_word(&text, &other))
		if (same(&other, w))
			return true;
	return false;
}

static bool list_has(const char *const *list, const struct word *w)
{
	for (; *list; list++)
		if (text_has(*list, w))
			return true;
	return false;
}

/* Is it a word of what the entry is asked for by, or at least of what it says? */
enum place { NOWHERE, SAID, ASKED_FOR };

static enum place place_of(const struct explain_entry *e, const struct word *w)
{
	if (text_has(e->name, w) || list_has(e->words, w) || list_has(e->texts, w))
		return ASKED_FOR;
	return text_has(e->what, w) ? SAID : NOWHERE;
}

static int words_of(const char *text, struct word *ret)
{
	struct word w;
	int i, n = 0;

	while (n < WORDS_MAX && next_word(&text, &w)) {
		for (i = 0; i < n && !same(&ret[i], &w); i++)
			;
		if (i == n && w.len >= WORD_LEN_MIN)
			ret[n++] = w;
	}
	return n;
}

/* What each word counts: the fewer entries have it the more. */
static void weigh(const struct word *words, int n, int *weights)
{
	int i, k, users;

	for (i = 0; i < n; i++) {
		users = 0;
		for (k = 0; k < explain_n_entries; k++)
			users += place_of(&explain_entries[k], &words[i]) != NOWHERE;
		weights[i] = users ? RARE / users : 0;
	}
}

/* By enum place. */
static const int weight_of[] = { 0, 1, 4 };

int explain_near(const char *text, const struct explain_entry **ret, int max)
{
	struct word words[WORDS_MAX];
	int weights[WORDS_MAX], scores[NEAR_MAX];
	int n_words = words_of(text, words), n = 0, i, k, score;

	if (max > NEAR_MAX)
		max = NEAR_MAX;
	weigh(words, n_words, weights);
	for (k = 0; k < explain_n_entries; k++) {
		score = 0;
		for (i = 0; i < n_words; i++)
			if (weights[i])
				score += weights[i] * weight_of[place_of(&explain_entries[k], &words[i])];
		if (!score || (n == max && (!n || scores[n - 1] >= score)))
			continue;
		for (i = n < max ? n++ : n - 1; i && scores[i - 1] < score; i--) {
			scores[i] = scores[i - 1];
			ret[i] = ret[i - 1];
		}
		scores[i] = score;
		ret[i] = &explain_entries[k];
	}
	return n;
}
