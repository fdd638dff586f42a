/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_EXPLAIN_NEAR_H
#define SYNSENT_EXPLAIN_NEAR_H

#include "explain/entry.h"

/*
 * The entries nearest to a text that none of them knows, at most max, the nearest first; how many.  Near is what
 * shares words with the entry's name, words, texts or its one sentence; a word that few entries have counts more.
 */
#define NEAR_MAX 8
int explain_near(const char *text, const struct explain_entry **ret, int max);

#endif
