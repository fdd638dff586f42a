/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/line.h"

#include <string.h>

void line_gap(size_t len, size_t width, struct buf *to)
{
	static const char spaces[] = "                                        ";

	buf_add(to, spaces, len < width ? width + 2 - len : 2);
}

void line_int(uint64_t n, int width, struct buf *to)
{
	char text[24];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + n % 10);
	while (n /= 10);
	while (sizeof(text) - at < (size_t)width)
		text[--at] = ' ';
	buf_add(to, text + at, sizeof(text) - at);
}

void line_outcome_word(enum outcome o, bool color, struct buf *to)
{
	color = color && o != OUTCOME_PENDING;
	if (color)
		buf_str(to, o == OUTCOME_ESTABLISHED ? "\033[32m" : "\033[31m");
	buf_str(to, outcome_word(o));
	if (color)
		buf_str(to, "\033[0m");
}

void line_outcome(enum outcome o, bool color, struct buf *to)
{
	line_outcome_word(o, color, to);
	line_gap(strlen(outcome_word(o)), LINE_OUTCOME_WIDTH, to);
}

void line_icmp(const struct reply *r, struct buf *to)
{
	buf_str(to, r->icmp_family == 6 ? "icmp6 " : "icmp ");
	line_int(r->icmp_type, 0, to);
	buf_char(to, '/');
	line_int(r->icmp_code, 0, to);
}

bool line_ignored(const struct attempt *a, enum ignored no_news, const char *before, struct buf *to)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		const struct reply *r = &a->replies[i];

		if (r->ignored == IGNORED_NOT || r->ignored == no_news)
			continue;
		if (r->ignored == IGNORED_NOT_TAKEN)
			buf_fmt(to, "%s%s not taken%s", before, reply_kind_word(r->kind), r->has_echo ? " (PAWS)" : "");
		else
			buf_fmt(to, "%s%s ignored: %s", before, reply_kind_word(r->kind), ignored_word(r->ignored));
		return true;
	}
	return false;
}

void line_rule(const struct drop *d, struct buf *to)
{
	if (d->rule_by == RULE_BY_GUESS)
		buf_str(to, "perhaps ");
	buf_escaped(to, d->rule, strnlen(d->rule, sizeof(d->rule)));
	if (d->rule_by == RULE_BY_GUESS)
		buf_fmt(to, " (by counters%s)", d->rule_untraced ? "; --rules tells" : "");
	else if (d->rule_by == RULE_BY_COUNTER)
		buf_str(to, " (by its counter)");
}

size_t line_word_len(const char *text)
{
	static const char *const units[] = { "s", "ms", "%" };
	size_t len = strcspn(text, " "), i, n;

	if (!len || text[len] != ' ' || !strchr("0123456789", text[len - 1]))
		return len;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		n = strlen(units[i]);
		if (!strncmp(text + len + 1, units[i], n) && (!text[len + 1 + n] || strchr(" ,;:)", text[len + 1 + n])))
			return len + 1 + strcspn(text + len + 1, " ");
	}
	return len;
}
