/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/metrics_accept.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/* A piece of the field's value, without the blanks around it. */
struct piece {
	const char *s;
	size_t len;
};

static struct piece trimmed(const char *s, size_t len)
{
	while (len && strchr(BLANKS, *s))
		s++, len--;
	while (len && strchr(BLANKS, s[len - 1]))
		len--;
	return (struct piece){ s, len };
}

/* Takes what stands before `end`, which is not in quotes nor escaped: no value that is of interest here is. */
static struct piece take(struct piece *from, char end)
{
	const char *at = memchr(from->s, end, from->len);
	size_t len = at ? (size_t)(at - from->s) : from->len, rest = at ? len + 1 : len;
	struct piece taken = trimmed(from->s, len);

	from->s += rest;
	from->len -= rest;
	return taken;
}

static bool is(struct piece p, const char *word)
{
	return p.len == strlen(word) && !strncasecmp(p.s, word, p.len);
}

/* "0.75" as 750; -1 for what is no weight (RFC 9110 12.4.2). */
static int weight(struct piece p)
{
	int value = 0, digit = 1000;
	size_t i;

	if (!p.len || p.len > 5 || (p.s[0] != '0' && p.s[0] != '1') || (p.len > 1 && p.s[1] != '.'))
		return -1;
	for (i = 0; i < p.len; i += i ? 1 : 2) {
		if (!isdigit((unsigned char)p.s[i]))
			return -1;
		value += (p.s[i] - '0') * digit;
		digit /= 10;
	}
	return value <= 1000 ? value : -1;
}

/* A media range with its parameters. */
static void item(struct metrics_accept *a, struct piece p)
{
	struct piece type = take(&p, ';'), name, value;
	int q = 1000, *to;
	bool fits = true;

	to = is(type, "application/openmetrics-text")		      ? &a->openmetrics
	     : is(type, "text/plain")				      ? &a->plain
	     : is(type, "text/*") || is(type, "*/*") || is(type, "*") ? &a->any
								      : NULL;
	while (to && p.len) {
		value = take(&p, ';');
		name = take(&value, '=');
		value = trimmed(value.s, value.len);
		if (value.len >= 2 && value.s[0] == '"' && value.s[value.len - 1] == '"')
			value = (struct piece){ value.s + 1, value.len - 2 };
		if (is(name, "q"))
			q = weight(value);
		else if (is(name, "version"))
			fits = fits && is(value, to == &a->openmetrics ? "1.0.0" : "0.0.4");
	}
	if (to && fits && q >= 0 && q + 1 > *to)
		*to = q + 1;
}

void metrics_accept_feed(struct metrics_accept *a, const char *value, bool cut)
{
	struct piece rest = { value, strlen(value) }, next;

	while (rest.len) {
		bool last = !memchr(rest.s, ',', rest.len);

		next = take(&rest, ',');
		if (!last || !cut)
			item(a, next);
	}
}

enum openmetrics_format metrics_accept_choice(const struct metrics_accept *a)
{
	int plain = a->plain ? a->plain : a->any;

	return a->openmetrics > 1 && a->openmetrics >= plain ? OPENMETRICS : PROMETHEUS_TEXT;
}
