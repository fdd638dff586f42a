/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_SUMMARY_STEPS_H
#define SYNSENT_CORE_SUMMARY_STEPS_H

#include <stddef.h>

#include "core/summary_tally.h"

/*
 * Attempts over time: steps of one width that follow each other, as many as it
 * takes from the first attempt to the last.  When that is more than `max` the
 * width doubles.  Step k holds what began at k * width_ns or later and before
 * (k + 1) * width_ns, counted from 1970; so neither the order of the attempts
 * nor the moment of the doubling makes a difference.
 */
struct steps {
	int64_t width_ns;
	int64_t first; /* k of rows[0] */
	size_t n;      /* rows; the first and the last are not empty */
	size_t max;
	size_t room; /* rows that there is memory for */
	struct tally *rows;

	/* Private: the row that was found last, and when it begins. */
	struct tally *recent;
	int64_t recent_ns;
};

/* `max` is 2 at least, since no width joins what is before 1970 with what is after.  False when there is no memory.  It
 * grows later; where it cannot, the width doubles earlier. */
bool steps_init(struct steps *s, int64_t width_ns, size_t max);
void steps_fini(struct steps *s);

/* The row of that time, made when it is not there. */
struct tally *steps_row(struct steps *s, int64_t t_ns);

/* Inline, as it is done twice for each attempt of a flood, and the row is mostly the one before. */
static inline void steps_feed(struct steps *s, const struct digest *d)
{
	uint64_t since = (uint64_t)d->start_ns - (uint64_t)s->recent_ns;

	tally_add(s->recent && since < (uint64_t)s->width_ns ? s->recent : steps_row(s, d->start_ns), d);
}

/* The same for n attempts of that outcome, none half-open, all of one step. */
void steps_add(struct steps *s, int64_t t_ns, enum outcome o, uint64_t n);

/* The step that holds t_ns: from *ret_from_ns on and before *ret_to_ns. */
void steps_bounds(const struct steps *s, int64_t t_ns, int64_t *ret_from_ns, int64_t *ret_to_ns);

void steps_merge(struct steps *into, const struct steps *from);

/* k of the step that holds t_ns. */
int64_t steps_at(const struct steps *s, int64_t t_ns);

/* The sum of the steps from k on and before `end`; those that are not there are empty. */
void steps_sum(const struct steps *s, int64_t k, int64_t end, struct tally *ret);

/*
 * The run of steps that stands out most: it has the most attempts above what so
 * many steps have on the average; the earliest of several.  From *ret_k on and
 * before *ret_end.  Returns how many attempts are in it, 0 when it is all of
 * them, or none.
 */
uint64_t steps_peak(const struct steps *s, int64_t *ret_k, int64_t *ret_end);

#endif
