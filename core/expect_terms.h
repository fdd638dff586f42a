/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_EXPECT_TERMS_H
#define SYNSENT_CORE_EXPECT_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/expect.h"

/* What a clause can be about. */
enum expect_name {
	TERM_ATTEMPTS,
	TERM_CONNECTS,
	TERM_EXIT,
	TERM_SIGNAL,
	TERM_RUN_LAST = TERM_SIGNAL, /* up to here: the whole run */
	TERM_OUTCOME,
	TERM_GAVE_UP,
	TERM_LIMIT,
	TERM_CONFIDENCE,
	TERM_ERRNO,
	TERM_WITHIN,
	TERM_SYNS,
	TERM_REPLIES,
	TERM_IGNORED,
	TERM_ADDRESS,
	TERM_PORT,
	TERM_NAME,
	TERM_PROCESS,
	TERM_N,
};

enum expect_sort { SORT_COUNT, SORT_DURATION, SORT_WORD, SORT_ERRNO, SORT_SIGNAL, SORT_ADDRESS, SORT_TEXT };

struct expect_term {
	const char *name;
	enum expect_sort sort;
	bool ordered; /* all OPs, else = and != */
	int64_t max;  /* SORT_COUNT: the largest that there is */
	/* SORT_WORD */
	const char *(*word)(int i);
	int first_word, n_words;
};

extern const struct expect_term expect_terms[TERM_N];

/* The term of that name, or -1. */
int expect_term_of(const char *name);

/* Feeds candidates for "did you mean" to `feed`: names of terms, words, errno and signal names. */
typedef void expect_candidate(void *user, const char *word);
void expect_names(expect_candidate *feed, void *user);
void expect_words(const struct expect_term *t, expect_candidate *feed, void *user);

/* "SIGTERM", "TERM" or "15"; 0 for "none", -1 when there is none of that name. */
int expect_signal_of(const char *name);

/* Signals that have a name are below it. */
#define EXPECT_SIGNALS 32

#endif
