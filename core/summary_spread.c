/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/summary_spread.h"

#include <stddef.h>

#define SUB (1u << SPREAD_SUB_BITS)

/* The first SUB classes hold one number each; then follow SUB classes for each power of two. */
static size_t class_of(uint64_t v)
{
	int shift;

	if (v < SUB)
		return v;
	shift = 63 - __builtin_clzll(v) - SPREAD_SUB_BITS;
	return ((size_t)(shift + 1) << SPREAD_SUB_BITS) + ((v >> shift) & (SUB - 1));
}

static uint64_t middle_of(size_t class)
{
	size_t shift;

	if (class < 2 * SUB)
		return class;
	shift = (class >> SPREAD_SUB_BITS) - 1;
	return ((uint64_t)(SUB + (class & (SUB - 1))) << shift) + (((uint64_t)1 << shift) >> 1);
}

void spread_feed(struct spread *s, int64_t ns)
{
	if (ns < 0)
		ns = 0;
	if (!s->n || ns < s->min_ns)
		s->min_ns = ns;
	if (!s->n || ns > s->max_ns)
		s->max_ns = ns;
	s->n++;
	s->classes[class_of((uint64_t)ns)]++;
}

void spread_merge(struct spread *into, const struct spread *from)
{
	size_t i;

	if (!from->n)
		return;
	if (!into->n || from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (!into->n || from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	into->n += from->n;
	for (i = 0; i < SPREAD_CLASSES; i++)
		into->classes[i] += from->classes[i];
}

int64_t spread_quantile(const struct spread *s, int permille)
{
	uint64_t rank = s->n / 1000 * (uint64_t)permille + (s->n % 1000 * (uint64_t)permille + 999) / 1000, sum = 0;
	int64_t ns;
	size_t i;

	if (!s->n)
		return 0;
	if (!rank)
		rank = 1;
	for (i = 0; i < SPREAD_CLASSES - 1 && sum + s->classes[i] < rank; i++)
		sum += s->classes[i];
	ns = (int64_t)middle_of(i);
	return ns < s->min_ns ? s->min_ns : ns > s->max_ns ? s->max_ns : ns;
}
