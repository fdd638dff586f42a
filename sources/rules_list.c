/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rules_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A rule has " # handle N" at the end of its last line.  Its other lines end with
 * a comma: nft breaks them within a set of many elements.
 */
#define HANDLE " # handle "
#define COMMENT " comment \""

struct listing {
	char family[8], table[RULE_NAME_LEN], chain[RULE_NAME_LEN], counter[RULE_NAME_LEN], hook[16];
	struct buf rule; /* the lines so far */
	rules_listed_fn *fn;
	void *user;
};

/* The word after `at`'s blanks, cut to fit; where it ends. */
static const char *word(const char *at, char *to, size_t len)
{
	size_t n;

	at += strspn(at, " \t");
	n = strcspn(at, " \t;");
	snprintf(to, len, "%.*s", (int)n, at);
	return at + n;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static char *last_of(char *text, const char *what)
{
	char *found = NULL, *at = text;

	while ((at = strstr(at, what)))
		found = at++;
	return found;
}

/* Cuts a handle off the line's end. */
static bool take_handle(char *line, uint64_t *ret)
{
	char *at = last_of(line, HANDLE), *end;
	unsigned long long v;

	if (!at)
		return false;
	v = strtoull(at + strlen(HANDLE), &end, 10);
	if (*end || !v)
		return false;
	*at = 0;
	*ret = v;
	return true;
}

/* Cuts a comment off the rule's end; what it says. */
static char *take_comment(char *rule)
{
	size_t len = strlen(rule);
	char *at;

	if (!len || rule[len - 1] != '"')
		return rule + len;
	rule[len - 1] = 0;
	at = last_of(rule, COMMENT);
	if (!at) {
		rule[len - 1] = '"';
		return rule + len;
	}
	*at = 0;
	return at + strlen(COMMENT);
}

static void tell(struct listing *l, struct rules_listed what)
{
	what.family = l->family;
	what.table = l->table;
	what.chain = l->chain;
	what.hook = l->hook;
	l->fn(&what, l->user);
}

static void base_chain(struct listing *l, char *line)
{
	const char *hook = strstr(line, " hook ");

	if (!hook)
		return;
	word(hook + strlen(" hook "), l->hook, sizeof(l->hook));
	tell(l, (struct rules_listed){ .text = line, .comment = "" });
}

static void rule_line(struct listing *l, char *line)
{
	size_t len = strlen(line);
	uint64_t handle;
	char *text;

	if (!l->rule.len && begins(line, "type ")) {
		base_chain(l, line);
		return;
	}
	if (take_handle(line, &handle)) {
		buf_str(&l->rule, line);
		text = l->rule.data;
		if (text && !l->rule.failed) {
			char *comment = take_comment(text);

			tell(l, (struct rules_listed){ .handle = handle, .text = text, .comment = comment });
		}
		buf_reset(&l->rule);
	} else if (len && line[len - 1] == ',') {
		buf_str(&l->rule, line);
		buf_char(&l->rule, ' ');
	} else {
		buf_reset(&l->rule);
	}
}

/* A line with so many tabs before it: a table's, a chain's, or within. */
static void take_line(struct listing *l, char *line, size_t depth)
{
	if (!depth) {
		l->table[0] = l->chain[0] = l->counter[0] = 0;
		if (begins(line, "table "))
			word(word(line + strlen("table "), l->family, sizeof(l->family)), l->table, sizeof(l->table));
	} else if (depth == 1) {
		l->chain[0] = l->hook[0] = l->counter[0] = 0;
		buf_reset(&l->rule);
		if (begins(line, "chain "))
			word(line + strlen("chain "), l->chain, sizeof(l->chain));
		else if (begins(line, "counter "))
			word(line + strlen("counter "), l->counter, sizeof(l->counter));
	} else if (l->table[0] && l->chain[0]) {
		rule_line(l, line);
	} else if (l->table[0] && l->counter[0] && begins(line, "packets ")) {
		tell(l, (struct rules_listed){ .counter = l->counter, .text = line, .comment = "" });
	}
}

int rules_list_parse(const char *listing, rules_listed_fn *fn, void *user)
{
	struct listing l = { .fn = fn, .user = user };
	struct buf line = { 0 };
	bool failed = false;

	while (*listing && !failed) {
		size_t len = strcspn(listing, "\n"), depth = strspn(listing, "\t");

		if (depth > len)
			depth = len;
		buf_reset(&line);
		buf_add(&line, listing + depth, len - depth);
		buf_char(&line, 0); /* buf_text() is for reading only */
		if (!line.failed && len)
			take_line(&l, line.data, depth);
		failed = line.failed || l.rule.failed;
		listing += len + (listing[len] == '\n');
	}
	buf_fini(&line);
	buf_fini(&l.rule);
	return failed ? -ENOMEM : 0;
}

struct search {
	struct rule_hit *h;
	const char *base;
};

bool rules_list_has(const char *text, const char *verdict)
{
	size_t len = strlen(verdict);
	bool quoted = false;
	const char *at;

	for (at = text; *at; at++) {
		if (*at == '"')
			quoted = !quoted;
		if (!quoted && !strncmp(at, verdict, len) && (at == text || at[-1] == ' ') &&
		    (!at[len] || at[len] == ' ' || at[len] == ','))
			return true;
	}
	return false;
}

bool rules_list_rejects(const char *text)
{
	return rules_list_has(text, "reject") || strstr(text, "xt target \"REJECT\"");
}

/* " packets N bytes M": how long it is; 0: something else. */
static size_t values(const char *text)
{
	static const char *const names[] = { " packets ", " bytes " };
	const char *at = text;

	for (int i = 0; i < 2; i++) {
		size_t digits;

		if (!begins(at, names[i]))
			return 0;
		at += strlen(names[i]);
		digits = strspn(at, "0123456789");
		if (!digits)
			return 0;
		at += digits;
	}
	return (size_t)(at - text);
}

/* Where a match of iptables-nft stands that nft cannot print, it leaves two blanks. */
void rules_list_text(const char *text, char *to, size_t len)
{
	bool quoted = false;
	size_t n = 0;

	while (*text && n + 1 < len) {
		if (*text == '"')
			quoted = !quoted;
		if (!quoted && n >= 7 && !memcmp(to + n - 7, "counter", 7) && values(text))
			text += values(text);
		else if (!quoted && text[0] == ' ' && text[1] == ' ')
			text++;
		else
			to[n++] = *text++;
	}
	to[n] = 0;
}

static void compare(const struct rules_listed *l, void *user)
{
	struct search *s = user;
	struct rule_hit *h = s->h;

	if (strcmp(l->family, h->family) != 0 || strcmp(l->table, h->table) != 0)
		return;
	if (!l->handle && !l->counter && !strcmp(l->chain, s->base))
		snprintf(h->hook, sizeof(h->hook), "%s", l->hook);
	/* By its handle alone: nft lists an anonymous chain's rules where they are used. */
	if (!l->handle || l->handle != h->handle)
		return;
	rules_list_text(l->text, h->text, sizeof(h->text));
	snprintf(h->comment, sizeof(h->comment), "%s", l->comment);
	h->reject = rules_list_rejects(l->text);
}

int rules_list_find(const char *listing, const char *base, struct rule_hit *h)
{
	struct search s = { h, base ? base : h->chain };

	return rules_list_parse(listing, compare, &s);
}
