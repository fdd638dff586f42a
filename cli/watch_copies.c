/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_copies.h"

#include <stddef.h>
#include <string.h>

#include "sources/copies.h"

#define QUESTION 1 /* of watch_ask_keep() */

bool watch_copies_decides(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops; i++)
		if (a->drops[i].unproven)
			return true;
	return false;
}

void watch_copies_doubt(struct watch_ask *w, struct attempt *a)
{
	struct namespaces *n;
	bool made;
	int i;

	if (!watch_ask_kept(w, a->netns, QUESTION, &made)) {
		n = watch_ask_begin(w);
		made = !n || copies_are_made(n, a->netns);
		if (n)
			watch_ask_keep(w, a->netns, QUESTION, made);
	}
	for (i = 0; i < a->n_drops; i++)
		a->drops[i].may_be_copy = a->drops[i].unproven && made;
}

int watch_copies_take(struct attempt *a, struct drop ret[ATTEMPT_DROPS_MAX])
{
	int i, n = a->n_drops;

	for (i = 0; i < n; i++)
		if (!a->drops[i].may_be_copy)
			return 0;
	memcpy(ret, a->drops, (size_t)n * sizeof(*ret));
	a->n_drops = 0;
	return n;
}

void watch_copies_give(struct attempt *a, const struct drop *copies, int n)
{
	int i;

	for (i = 0; i < n && a->n_drops < ATTEMPT_DROPS_MAX; i++)
		a->drops[a->n_drops++] = copies[i];
}
