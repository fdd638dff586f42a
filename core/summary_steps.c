/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/summary_steps.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

/* Time stays far enough from the ends of its type that the edges of steps are times, too. */
#define T_MAX ((int64_t)1 << 62)

bool steps_init(struct steps *s, int64_t width_ns, size_t max)
{
	size_t room = max < ROOM_FIRST ? max : ROOM_FIRST;

	assert(max >= 2);
	*s = (struct steps){ .width_ns = width_ns, .max = max, .room = room };
	s->rows = malloc(room * sizeof(*s->rows));
	return s->rows != NULL;
}

void steps_fini(struct steps *s)
{
	free(s->rows);
	s->rows = NULL;
}

static int64_t divide_down(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t within(int64_t t_ns)
{
	return t_ns > T_MAX ? T_MAX : t_ns < -T_MAX ? -T_MAX : t_ns;
}

int64_t steps_at(const struct steps *s, int64_t t_ns)
{
	return divide_down(within(t_ns), s->width_ns);
}

static void double_width(struct steps *s)
{
	int64_t first = divide_down(s->first, 2), k;
	size_t i, n = 0, at;

	for (i = 0; i < s->n; i++) {
		k = divide_down(s->first + (int64_t)i, 2);
		at = (size_t)(k - first);
		if (at == n)
			s->rows[n++] = s->rows[i];
		else
			tally_merge(&s->rows[at], &s->rows[i]);
	}
	s->width_ns *= 2;
	s->first = first;
	s->n = n;
	s->recent = NULL;
}

/* Is there room for n rows, or can room be made? */
static bool fits(struct steps *s, uint64_t n)
{
	size_t room = s->room;
	struct tally *rows;

	if (n <= s->room || n > s->max)
		return n <= s->room;
	while (room < n)
		room = room < s->max / 2 ? room * 2 : s->max;
	rows = realloc(s->rows, room * sizeof(*rows));
	if (!rows) {
		s->max = s->room;
		return false;
	}
	s->rows = rows;
	s->room = room;
	return true;
}

/* How many rows there are when step k is among them. */
static uint64_t rows_with(const struct steps *s, int64_t k)
{
	int64_t last = s->first + (int64_t)s->n - 1;

	if (!s->n)
		return 1;
	return (uint64_t)((k > last ? k : last) - (k < s->first ? k : s->first)) + 1;
}

struct tally *steps_row(struct steps *s, int64_t t_ns)
{
	int64_t k = steps_at(s, t_ns);
	size_t before, n;

	while (!fits(s, rows_with(s, k))) {
		double_width(s);
		k = steps_at(s, t_ns);
	}
	if (!s->n)
		s->first = k;
	n = (size_t)rows_with(s, k);
	before = k < s->first ? (size_t)(s->first - k) : 0;
	if (before) {
		memmove(s->rows + before, s->rows, s->n * sizeof(*s->rows));
		memset(s->rows, 0, before * sizeof(*s->rows));
		s->first = k;
	} else {
		memset(s->rows + s->n, 0, (n - s->n) * sizeof(*s->rows));
	}
	s->n = n;
	s->recent_ns = k * s->width_ns;
	s->recent = &s->rows[k - s->first];
	return s->recent;
}

void steps_add(struct steps *s, int64_t t_ns, enum outcome o, uint64_t n)
{
	struct tally *row = steps_row(s, t_ns);

	row->n[o] = tally_sum(row->n[o], n < UINT32_MAX ? (uint32_t)n : UINT32_MAX);
}

void steps_bounds(const struct steps *s, int64_t t_ns, int64_t *ret_from_ns, int64_t *ret_to_ns)
{
	*ret_from_ns = steps_at(s, t_ns) * s->width_ns;
	*ret_to_ns = *ret_from_ns + s->width_ns;
}

void steps_merge(struct steps *into, const struct steps *from)
{
	static const struct tally none;
	size_t i;

	while (into->width_ns < from->width_ns)
		double_width(into);
	for (i = 0; i < from->n; i++)
		if (memcmp(&from->rows[i], &none, sizeof(none)))
			tally_merge(steps_row(into, (from->first + (int64_t)i) * from->width_ns), &from->rows[i]);
}

void steps_sum(const struct steps *s, int64_t k, int64_t end, struct tally *ret)
{
	int64_t past = s->first + (int64_t)s->n;

	memset(ret, 0, sizeof(*ret));
	if (k < s->first)
		k = s->first;
	for (; k < end && k < past; k++)
		tally_merge(ret, &s->rows[k - s->first]);
}

/* Above the average, times the number of steps, so that it is a whole number (Kadane's largest sum of a run). */
uint64_t steps_peak(const struct steps *s, int64_t *ret_k, int64_t *ret_end)
{
	int64_t all = 0, sum = 0, best = 0, n = (int64_t)s->n;
	size_t i, from = 0;
	struct tally t;

	for (i = 0; i < s->n; i++)
		all += (int64_t)tally_attempts(&s->rows[i]);
	for (i = 0; i < s->n; i++) {
		if (sum <= 0) {
			sum = 0;
			from = i;
		}
		sum += (int64_t)tally_attempts(&s->rows[i]) * n - all;
		if (sum > best) {
			best = sum;
			*ret_k = s->first + (int64_t)from;
			*ret_end = s->first + (int64_t)i + 1;
		}
	}
	if (!best)
		return 0;
	steps_sum(s, *ret_k, *ret_end, &t);
	return tally_attempts(&t);
}
