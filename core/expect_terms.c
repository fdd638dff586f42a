/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/expect_terms.h"

#include <stdlib.h>
#include <string.h>

#define SIGNAL_MAX 64 /* _NSIG - 1, real-time signals included */
#define ERRNOS 134    /* EHWPOISON, 133, is the last */
#define COUNT_MAX UINT32_MAX

static const char *outcome_of(int i)
{
	return outcome_word((enum outcome)i);
}

static const char *gave_up_of(int i)
{
	return gave_up_by_word((enum gave_up_by)i);
}

static const char *limit_of(int i)
{
	return i == LIMIT_NONE ? "none" : limit_word((enum limit)i);
}

static const char *confidence_of(int i)
{
	return confidence_word((enum confidence)i);
}

const struct expect_term expect_terms[TERM_N] = {
	[TERM_ATTEMPTS] = { "attempts", SORT_COUNT, true, COUNT_MAX },
	[TERM_CONNECTS] = { "connects", SORT_COUNT, true, COUNT_MAX },
	[TERM_EXIT] = { "exit", SORT_COUNT, true, 255 },
	[TERM_SIGNAL] = { "signal", SORT_SIGNAL, false },
	[TERM_OUTCOME] = { "outcome", SORT_WORD, false, 0, outcome_of, 1, OUTCOME_N },
	[TERM_GAVE_UP] = { "gave-up", SORT_WORD, false, 0, gave_up_of, 1, GAVE_UP_N },
	[TERM_LIMIT] = { "limit", SORT_WORD, false, 0, limit_of, 0, LIMIT_N },
	[TERM_CONFIDENCE] = { "confidence", SORT_WORD, true, 0, confidence_of, 0, CONFIDENCE_N },
	[TERM_ERRNO] = { "errno", SORT_ERRNO, false },
	[TERM_WITHIN] = { "within", SORT_DURATION, true },
	[TERM_SYNS] = { "syns", SORT_COUNT, true, COUNT_MAX },
	[TERM_REPLIES] = { "replies", SORT_COUNT, true, COUNT_MAX },
	[TERM_IGNORED] = { "ignored", SORT_COUNT, true, COUNT_MAX },
	[TERM_ADDRESS] = { "address", SORT_ADDRESS, false },
	[TERM_PORT] = { "port", SORT_COUNT, true, UINT16_MAX },
	[TERM_NAME] = { "name", SORT_TEXT, false },
	[TERM_PROCESS] = { "process", SORT_TEXT, false },
};

int expect_term_of(const char *name)
{
	int i;

	for (i = 0; i < TERM_N; i++)
		if (!strcmp(name, expect_terms[i].name))
			return i;
	return strcmp(name, "gave_up_by") ? -1 : TERM_GAVE_UP;
}

void expect_names(expect_candidate *feed, void *user)
{
	int i;

	for (i = 0; i < TERM_N; i++)
		feed(user, expect_terms[i].name);
	feed(user, "gave_up_by");
}

static void feed_named(const char *(*name_of)(int), int n, expect_candidate *feed, void *user)
{
	int i;

	feed(user, "none");
	for (i = 1; i < n; i++)
		if (name_of(i))
			feed(user, name_of(i));
}

void expect_words(const struct expect_term *t, expect_candidate *feed, void *user)
{
	int i;

	if (t->sort == SORT_ERRNO)
		feed_named(strerrorname_np, ERRNOS, feed, user);
	else if (t->sort == SORT_SIGNAL)
		feed_named(sigabbrev_np, EXPECT_SIGNALS, feed, user);
	else
		for (i = t->first_word; i < t->n_words; i++)
			feed(user, t->word(i));
}

int expect_signal_of(const char *name)
{
	const char *abbrev = strncmp(name, "SIG", 3) ? name : name + 3, *known;
	char *end;
	long n;
	int i;

	if (!strcmp(name, "none"))
		return 0;
	for (i = 1; i < EXPECT_SIGNALS; i++) {
		known = sigabbrev_np(i);
		if (known && !strcmp(abbrev, known))
			return i;
	}
	if (*name < '0' || *name > '9')
		return -1;
	n = strtol(name, &end, 10);
	return !*end && n >= 1 && n <= SIGNAL_MAX ? (int)n : -1;
}
