/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/top.h"

#include <stdlib.h>
#include <string.h>

int top_key_compare(const struct top_key *a, const struct top_key *b)
{
	int c = a->addr.family - b->addr.family;

	if (!c)
		c = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
	if (!c)
		c = a->port - b->port;
	return c ? c : a->tag - b->tag;
}

static int compare(const struct top_entry *a, const struct top_entry *b)
{
	uint64_t fa = tally_failures(&a->tally), fb = tally_failures(&b->tally);

	if (fa == fb) {
		fa = tally_attempts(&a->tally);
		fb = tally_attempts(&b->tally);
	}
	return fa != fb ? (fa < fb ? 1 : -1) : top_key_compare(&a->key, &b->key);
}

static int compare_pointers(const void *a, const void *b)
{
	return compare(*(const struct top_entry *const *)a, *(const struct top_entry *const *)b);
}

/* Few of many are put in their place as they come; all are sorted. */
size_t top_worst(const struct top *t, const struct top_entry **ret, size_t max)
{
	size_t i, at, n = 0, all = top_n(t);
	const struct top_entry *e;

	if (max >= all) {
		for (i = 0; i < all; i++)
			ret[i] = top_get(t, i);
		qsort(ret, all, sizeof(*ret), compare_pointers);
		return all;
	}
	for (i = 0; i < all && max; i++) {
		e = top_get(t, i);
		if (n == max && compare(e, ret[n - 1]) > 0)
			continue;
		n += n < max;
		for (at = n - 1; at && compare(e, ret[at - 1]) < 0; at--)
			ret[at] = ret[at - 1];
		ret[at] = e;
	}
	return n;
}
