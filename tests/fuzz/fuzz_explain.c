/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "explain/match.h"
#include "explain/near.h"
#include "explain/pattern.h"
#include "explain/words.h"

#define WORD_LEN 24
#define TRIED_MAX 2 /* lines of an input that are also looked at the slow way */

static bool is_in(const struct explain_match *found, int n, const struct explain_entry *e)
{
	int i;

	for (i = 0; i < n && found[i].entry != e; i++)
		;
	return i < n;
}

/* Every text of every entry, one by one: what the index of the matcher must not miss. */
static int count_slowly(const char *plain, size_t len, const struct explain_match *found, int n)
{
	char pattern[512];
	const char *const *t;
	int i, all = 0;
	size_t pattern_len;
	bool has;

	for (i = 0; i < explain_n_entries; i++) {
		has = false;
		for (t = explain_entries[i].texts; *t && !has; t++) {
			MUST(strlen(*t) < sizeof(pattern));
			pattern_len = pattern_plain(*t, strlen(*t), pattern);
			pattern[pattern_len] = '\0';
			has = pattern_in(pattern, plain, len);
		}
		all += has;
		MUST(has || !is_in(found, n, &explain_entries[i]));
		MUST(!has || n == MATCHES_MAX || is_in(found, n, &explain_entries[i]));
	}
	return all;
}

static void check_line(struct matcher *m, const char *line, size_t len, bool slowly)
{
	struct explain_match found[MATCHES_MAX];
	char *scratch = malloc(len ? len : 1);
	int i, n, all;

	MUST(scratch);
	n = matcher_line(m, line, len, scratch, found);
	MUST(n >= 0 && n <= MATCHES_MAX);
	for (i = 1; i < n; i++) {
		MUST(found[i].weight < found[i - 1].weight ||
		     (found[i].weight == found[i - 1].weight && found[i].entry > found[i - 1].entry));
		MUST(!is_in(found, i, found[i].entry));
	}
	if (slowly) {
		len = pattern_plain(line, len, scratch);
		/* plain is plain */
		MUST(pattern_plain(scratch, len, scratch) == len);
		all = count_slowly(scratch, len, found, n);
		MUST(n == (all < MATCHES_MAX ? all : MATCHES_MAX));
	}
	free(scratch);
}

static void check_word(const uint8_t *data, size_t size)
{
	const struct explain_entry *found[NEAR_MAX];
	char word[WORD_LEN];
	int i, n;

	if (size >= sizeof(word))
		size = sizeof(word) - 1;
	memcpy(word, data, size);
	word[size] = '\0';
	n = explain_words(word, found, NEAR_MAX);
	MUST(n >= 0 && n <= NEAR_MAX);
	n = explain_near(word, found, NEAR_MAX);
	MUST(n >= 0 && n <= NEAR_MAX);
	for (i = 1; i < n; i++)
		MUST(found[i] != found[i - 1]);
}

/* An input is a log: a text per line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct matcher *m;
	const char *at = (const char *)data, *end = at + size, *eol;
	int n = 0;

	if (!m)
		m = matcher_new();
	MUST(m);
	check_word(data, size);
	while (at < end) {
		eol = memchr(at, '\n', (size_t)(end - at));
		check_line(m, at, (size_t)((eol ? eol : end) - at), n++ < TRIED_MAX);
		at = eol ? eol + 1 : end;
	}
	return 0;
}
