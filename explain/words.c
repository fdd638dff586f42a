/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/words.h"

#include <stdio.h>
#include <string.h>

#include "explain/pattern.h"

/* No name is longer. */
#define WORD_LEN 128

const char *explain_kind_word(enum explain_kind k)
{
	static const char *const words[EXPLAIN_KIND_N] = {
		[EXPLAIN_OUTCOME] = "outcome", [EXPLAIN_GAVE_UP_BY] = "gave-up-by",
		[EXPLAIN_LIMIT] = "limit",     [EXPLAIN_CONFIDENCE] = "confidence",
		[EXPLAIN_DROP] = "drop",       [EXPLAIN_REPLY] = "reply",
		[EXPLAIN_IGNORED] = "ignored", [EXPLAIN_FAULT] = "fault",
		[EXPLAIN_ERRNO] = "errno",     [EXPLAIN_STATE] = "state",
		[EXPLAIN_SETTING] = "setting", [EXPLAIN_COUNTER] = "counter",
		[EXPLAIN_MESSAGE] = "message",
	};

	return (unsigned int)k < EXPLAIN_KIND_N ? words[k] : "?";
}

static char folded(char c)
{
	return c == '-' || c == '_' ? ' ' : pattern_lower(c);
}

static bool same_word(const char *a, const char *b)
{
	while (*a && folded(*a) == folded(*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

bool explain_has_word(const struct explain_entry *e, const char *word)
{
	const char *const *w;

	if (same_word(e->name, word))
		return true;
	for (w = e->words; *w; w++)
		if (same_word(*w, word))
			return true;
	return false;
}

/* How well the word names the entry: 0 not at all, 1 a word of it, 2 its name, 3 letter by letter. */
static int rank(const struct explain_entry *e, const char *word)
{
	const char *const *w;

	if (!strcmp(e->name, word))
		return 3;
	for (w = e->words; *w; w++)
		if (!strcmp(*w, word))
			return 3;
	return same_word(e->name, word) ? 2 : explain_has_word(e, word) ? 1 : 0;
}

static int whole(const char *word, const struct explain_entry **ret, int max)
{
	int i, r, n = 0;

	for (r = 3; r; r--)
		for (i = 0; i < explain_n_entries && n < max; i++)
			if (rank(&explain_entries[i], word) == r)
				ret[n++] = &explain_entries[i];
	return n;
}

int explain_words(const char *word, const struct explain_entry **ret, int max)
{
	const char *equals = strchr(word, '=');
	char part[WORD_LEN], *cut;
	int n = whole(word, ret, max);

	if (n || strchr(word, ' ') || strlen(word) >= sizeof(part))
		return n;
	snprintf(part, sizeof(part), "%s", equals ? equals + 1 : word);
	cut = strchr(part, '@');
	if (cut)
		*cut = '\0';
	for (;;) {
		n = whole(part, ret, max);
		cut = strrchr(part, ':');
		if (n || !cut)
			return n;
		*cut = '\0';
	}
}
