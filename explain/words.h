/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_EXPLAIN_WORDS_H
#define SYNSENT_EXPLAIN_WORDS_H

#include <stdbool.h>

#include "explain/entry.h"

/*
 * Is `word` the entry's name, or one of its words?  Without regard to case, and
 * '-', '_' and ' ' are one: "timed out" is timed-out, "syn_sent" SYN-SENT.
 */
bool explain_has_word(const struct explain_entry *e, const char *word);

/*
 * The entries that a word asks for, at most max of them; returns how many.  First those that
 * have it letter by letter ("sC" and "SC" of HAProxy are two things), then those of that name, then those that
 * share the word.  Where there is none, and it is one word, its parts are tried: a fault without its place and
 * arguments ("syn-drop:2@v6"), the right side of a clause ("outcome=refused").
 */
int explain_words(const char *word, const struct explain_entry **ret, int max);

#endif
