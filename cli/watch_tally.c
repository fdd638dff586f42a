/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_tally.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (2 * WATCH_TALLY_MAX) /* a power of 2 */

struct row {
	char comm[17];
	bool used;
	uint64_t attempts, failures;
};

struct watch_tally {
	int n;
	struct row others;
	struct row v[SLOTS];
};

struct watch_tally *watch_tally_new(void)
{
	return calloc(1, sizeof(struct watch_tally));
}

void watch_tally_free(struct watch_tally *t)
{
	free(t);
}

static struct row *find(struct watch_tally *t, const char comm[16])
{
	uint64_t half[2], h;
	unsigned int i;

	memcpy(half, comm, sizeof(half));
	h = (half[0] ^ half[1] * 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
	for (i = (unsigned int)(h >> 40) % SLOTS; t->v[i].used; i = (i + 1) % SLOTS)
		if (!memcmp(t->v[i].comm, comm, 16))
			return &t->v[i];
	if (t->n == WATCH_TALLY_MAX)
		return &t->others;
	t->n++;
	t->v[i].used = true;
	memcpy(t->v[i].comm, comm, 16);
	return &t->v[i];
}

void watch_tally_feed(struct watch_tally *t, const char comm[16], bool failed, uint64_t n)
{
	struct row *r = find(t, comm);

	r->attempts += n;
	r->failures += failed ? n : 0;
}

static int compare(const void *a, const void *b)
{
	const struct row *const *x = a, *const *y = b;

	if ((*x)->failures != (*y)->failures)
		return (*x)->failures < (*y)->failures ? 1 : -1;
	if ((*x)->attempts != (*y)->attempts)
		return (*x)->attempts < (*y)->attempts ? 1 : -1;
	return memcmp((*x)->comm, (*y)->comm, 16);
}

int watch_tally_worst(struct watch_tally *t, struct watch_summary_process *ret, int max, uint64_t *ret_others)
{
	const struct row *rows[WATCH_TALLY_MAX];
	int n = 0, i;

	for (i = 0; i < SLOTS; i++)
		if (t->v[i].used)
			rows[n++] = &t->v[i];
	qsort(rows, (size_t)n, sizeof(rows[0]), compare);
	for (i = 0; i < n && i < max; i++)
		ret[i] = (struct watch_summary_process){ rows[i]->comm[0] ? rows[i]->comm : "(not known)",
							 rows[i]->attempts, rows[i]->failures };
	*ret_others = (uint64_t)(n - i) + (t->others.attempts > 0);
	return i;
}
