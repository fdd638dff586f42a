/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/pattern.h"

#include <string.h>

char pattern_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool pattern_is_word(char c)
{
	c = pattern_lower(c);
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_';
}

/* U+2018 and U+2019 are ', U+201C and U+201D are "; 0 when it is none of them. */
static char plain_quote(const char *at, size_t len)
{
	if (len < 3 || memcmp(at, "\xe2\x80", 2) != 0)
		return 0;
	switch ((unsigned char)at[2]) {
	case 0x98:
	case 0x99:
		return '\'';
	case 0x9c:
	case 0x9d:
		return '"';
	default:
		return 0;
	}
}

size_t pattern_plain(const char *line, size_t len, char *to)
{
	size_t i, n = 0;
	char quote;

	for (i = 0; i < len; i++) {
		quote = plain_quote(line + i, len - i);
		if (quote) {
			to[n++] = quote;
			i += 2;
		} else if ((unsigned char)line[i] > ' ' && line[i] != 0x7f) {
			to[n++] = pattern_lower(line[i]);
		} else if (n && to[n - 1] != ' ') {
			to[n++] = ' ';
		}
	}
	return n;
}

/* Behind the number that begins at `at`; `at` itself when there is none. */
static size_t number_end(const char *line, size_t len, size_t at)
{
	while (at < len && is_digit(line[at]))
		at++;
	if (at && at + 1 < len && is_digit(line[at - 1]) && line[at] == '.' && is_digit(line[at + 1])) {
		for (at++; at < len && is_digit(line[at]); at++)
			;
	}
	return at;
}

/*
 * Does the part of a pattern up to its next '*' stand at line[at]?  Then its end there is *ret_end.  There is one way
 * only for it to stand there, since what follows a '#' is never of a number (tables.py sees to that): so the first
 * place where each part stands is as good as any other.
 */
static bool part_at(const char *part, size_t part_len, const char *line, size_t len, size_t at, size_t *ret_end)
{
	size_t i, end;

	for (i = 0; i < part_len; i++) {
		if (part[i] == '#') {
			end = number_end(line, len, at);
			if (end == at)
				return false;
			at = end;
		} else if (at < len && line[at] == part[i]) {
			at++;
		} else {
			return false;
		}
	}
	*ret_end = at;
	return true;
}

/* Nothing of a word goes on over the edge between line[at - 1] and line[at]. */
static bool edge(const char *line, size_t len, size_t at)
{
	return !at || at >= len || !pattern_is_word(line[at - 1]) || !pattern_is_word(line[at]);
}

bool pattern_in(const char *pattern, const char *line, size_t len)
{
	const char *part = pattern;
	size_t at = 0, end = 0, part_len;

	for (;;) {
		part_len = strcspn(part, "*");
		while (!part_at(part, part_len, line, len, at, &end) || (part == pattern && !edge(line, len, at)) ||
		       (!part[part_len] && !edge(line, len, end)))
			if (++at > len)
				return false;
		if (!part[part_len])
			return true;
		part += part_len + 1;
		at = end;
	}
}

int pattern_weight(const char *pattern)
{
	int n = 0;

	for (; *pattern; pattern++)
		n += *pattern != ' ' && *pattern != '*' && *pattern != '#';
	return n;
}
