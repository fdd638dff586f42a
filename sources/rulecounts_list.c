/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rulecounts_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void item_fini(struct rulecount *c)
{
	free(c->family);
	free(c->table);
	free(c->chain);
	free(c->hook);
	free(c->text);
	free(c->comment);
}

void rulecounts_list_fini(struct rulecounts_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		item_fini(&l->items[i]);
	free(l->items);
	free(l->by_key);
	memset(l, 0, sizeof(*l));
}

static bool copy(char **text)
{
	if (!*text)
		return true;
	*text = strdup(*text);
	return *text;
}

int rulecounts_list_add(struct rulecounts_list *l, const struct rulecount *c)
{
	struct rulecount new = *c;
	bool ok = true;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 32;
		struct rulecount *more = reallocarray(l->items, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		l->items = more;
		l->room = room;
	}
	/* All of them, so that each is a copy or NULL. */
	ok &= copy(&new.family);
	ok &= copy(&new.table);
	ok &= copy(&new.chain);
	ok &= copy(&new.hook);
	ok &= copy(&new.text);
	ok &= copy(&new.comment);
	if (!ok) {
		item_fini(&new);
		return -ENOMEM;
	}
	l->items[l->n++] = new;
	return 0;
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int alike(const struct rulecount *a, const struct rulecount *b)
{
	int r = COMPARE(a->maker, b->maker);

	r = r ? r : COMPARE(a->policy, b->policy);
	r = r ? r : compare_text(a->family, b->family);
	r = r ? r : compare_text(a->table, b->table);
	r = r ? r : compare_text(a->chain, b->chain);
	r = r ? r : COMPARE(a->handle, b->handle);
	return r ? r : compare_text(a->text, b->text);
}

static int by_number(const void *a, const void *b)
{
	const struct rulecount *const *x = a, *const *y = b;
	int r = alike(*x, *y);

	return r ? r : COMPARE((*x)->number, (*y)->number);
}

static int by_nth(const void *key, const void *item)
{
	const struct rulecount *x = key, *const *y = item;
	int r = alike(x, *y);

	return r ? r : COMPARE(x->nth, (*y)->nth);
}

/* Numbers change when a rule is put in before, so rules that look the same are told apart by their order alone. */
int rulecounts_list_sort(struct rulecounts_list *l)
{
	size_t i;

	free(l->by_key);
	l->by_key = calloc(l->n + 1, sizeof(*l->by_key));
	if (!l->by_key)
		return -ENOMEM;
	for (i = 0; i < l->n; i++)
		l->by_key[i] = &l->items[i];
	qsort(l->by_key, l->n, sizeof(*l->by_key), by_number);
	for (i = 0; i < l->n; i++) {
		struct rulecount *c = &l->items[l->by_key[i] - l->items];

		c->nth = i && !alike(l->by_key[i - 1], c) ? l->by_key[i - 1]->nth + 1 : 0;
	}
	return 0;
}

const struct rulecount *rulecounts_list_find(const struct rulecounts_list *l, const struct rulecount *c)
{
	const struct rulecount **found = l->n ? bsearch(c, l->by_key, l->n, sizeof(*l->by_key), by_nth) : NULL;

	return found ? *found : NULL;
}
