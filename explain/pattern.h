/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_EXPLAIN_PATTERN_H
#define SYNSENT_EXPLAIN_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A text as a program prints it, with its variable parts left open: '*' is any
 * number of characters, '#' a number ("3", "3.5").  It is looked for in lines
 * that pattern_plain() has made, and must itself be plain.
 */

/* ASCII only, whatever the locale. */
char pattern_lower(char c);
bool pattern_is_word(char c); /* a letter, a digit or '_' */

/*
 * Makes `line` plain, so that what does not matter is the same: lower case, white space and control characters
 * as one space, typographic quotes as ' and ".  Writes at most len bytes and no NUL to `to`, which may be `line`;
 * returns how many.
 */
size_t pattern_plain(const char *line, size_t len, char *to);

/* Is it somewhere in the plain line?  Where it begins or ends with a word's character, the word must begin or end
 * there. Time goes with len, times the pattern's length at worst. */
bool pattern_in(const char *pattern, const char *line, size_t len);

/* How much it says: its characters but blanks, '*' and '#'. */
int pattern_weight(const char *pattern);

#endif
