/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/logical_numbers.h"

#include <stdlib.h>
#include <string.h>

static int compare_places(const void *a, const void *b)
{
	const struct tried *x = *(const struct tried *const *)a, *y = *(const struct tried *const *)b;
	int c = (int)x->flow.server.port - (int)y->flow.server.port;

	return c ? c : strncmp(x->name, y->name, sizeof(x->name));
}

static int compare_addresses(const void *a, const void *b)
{
	const struct tried *x = *(const struct tried *const *)a, *y = *(const struct tried *const *)b;
	const struct addr *p = &x->flow.server.addr, *q = &y->flow.server.addr;

	return p->family != q->family ? (int)p->family - (int)q->family : memcmp(p->b, q->b, sizeof(p->b));
}

static int compare_comms(const void *a, const void *b)
{
	const struct tried *x = *(const struct tried *const *)a, *y = *(const struct tried *const *)b;

	return strncmp(x->comm, y->comm, sizeof(x->comm));
}

static void enumerate(const struct tried *t, size_t n, const struct tried **order,
		      int (*compare)(const void *, const void *), uint32_t *ret)
{
	uint32_t number = 0;
	size_t i;

	for (i = 0; i < n; i++)
		order[i] = &t[i];
	qsort(order, n, sizeof(*order), compare);
	for (i = 0; i < n; i++) {
		if (i && compare(&order[i - 1], &order[i]))
			number++;
		ret[order[i] - t] = number;
	}
}

bool logical_numbers(const struct tried *t, size_t n, struct logical_numbers *ret)
{
	const struct tried **order = calloc(n, sizeof(const struct tried *));
	size_t i;

	ret->place = calloc(n, sizeof(*ret->place));
	ret->address = calloc(n, sizeof(*ret->address));
	ret->comm = calloc(n, sizeof(*ret->comm));
	if (!order || !ret->place || !ret->address || !ret->comm) {
		free(order);
		return false;
	}
	enumerate(t, n, order, compare_places, ret->place);
	enumerate(t, n, order, compare_addresses, ret->address);
	enumerate(t, n, order, compare_comms, ret->comm);
	free(order);
	for (i = 0; i < n; i++)
		ret->comm[i] = t[i].comm[0] ? ret->comm[i] + 1 : 0;
	return true;
}

void logical_numbers_fini(struct logical_numbers *l)
{
	free(l->place);
	free(l->address);
	free(l->comm);
}
