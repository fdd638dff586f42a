/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/expect_wrong.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/suggest.h"

int expect_wrong(struct err *e, const char *what, const char *text)
{
	err_set(e, EINVAL, "--expect: %s: %s", text, what);
	if (e) {
		e->remedy[0] = '\0';
		e->exit_code = 2;
	}
	return -EINVAL;
}

static void feed(void *user, const char *word)
{
	suggest_feed(user, word);
}

struct list {
	char *to;
	size_t size, len;
};

static void add_to_list(void *user, const char *word)
{
	struct list *l = user;

	if (l->len < l->size)
		l->len += (size_t)snprintf(l->to + l->len, l->size - l->len, "%s%s", l->len ? ", " : "", word);
}

int expect_unknown_name(const char *name, struct err *e)
{
	char names[256];
	struct list all = { names, sizeof(names), 0 };
	struct suggest s;

	suggest_init(&s, name);
	expect_names(feed, &s);
	expect_names(add_to_list, &all);
	expect_wrong(e, "there is no such thing to expect", name);
	if (s.best)
		err_remedy(e, "did you mean %s?", s.best);
	else
		err_remedy(e, "it is one of %s", names);
	return -EINVAL;
}

/* The lists of errnos and signals are long, and well known. */
int expect_unknown_word(const struct expect_term *t, const struct expect_clause *c, struct err *e)
{
	char words[256];
	struct list all = { words, sizeof(words), 0 };
	struct suggest s;

	suggest_init(&s, t->sort == SORT_SIGNAL && !strncmp(c->value, "SIG", 3) ? c->value + 3 : c->value);
	expect_words(t, feed, &s);
	expect_wrong(e,
		     t->sort == SORT_ERRNO    ? "not an errno"
		     : t->sort == SORT_SIGNAL ? "not a signal"
					      : "not a word that it can be",
		     c->text);
	if (t->sort == SORT_WORD)
		expect_words(t, add_to_list, &all);
	if (s.best)
		err_remedy(e, "did you mean %s?", s.best);
	else if (t->sort == SORT_WORD)
		err_remedy(e, "%s is one of %s", t->name, words);
	else
		err_remedy(e, "give its name, its number, or none");
	return -EINVAL;
}
