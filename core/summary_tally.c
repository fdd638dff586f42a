/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/summary_tally.h"

void tally_merge(struct tally *into, const struct tally *from)
{
	int i;

	for (i = 0; i < OUTCOME_N; i++)
		into->n[i] = tally_sum(into->n[i], from->n[i]);
	into->half_open = tally_sum(into->half_open, from->half_open);
}

uint64_t tally_attempts(const struct tally *t)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < OUTCOME_N; i++)
		sum += t->n[i];
	return sum;
}

uint64_t tally_failures(const struct tally *t)
{
	return tally_attempts(t) - t->n[OUTCOME_ESTABLISHED] - t->n[OUTCOME_PENDING];
}
