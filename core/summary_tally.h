/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_SUMMARY_TALLY_H
#define SYNSENT_CORE_SUMMARY_TALLY_H

#include "core/digest.h"

/* Attempts by outcome.  Small, since there are many; a count stays at 4,294,967,295 when it is there. */
struct tally {
	uint32_t n[OUTCOME_N]; /* [OUTCOME_NONE]: of no known outcome */
	uint32_t half_open;    /* of n[OUTCOME_UNANSWERED] */
};

/* a + b, or the largest number there is. */
static inline uint32_t tally_sum(uint32_t a, uint32_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + b;
}

/* Its outcome, or OUTCOME_NONE for a number that is none. */
static inline enum outcome tally_outcome(const struct digest *d)
{
	return (unsigned int)d->outcome < OUTCOME_N ? d->outcome : OUTCOME_NONE;
}

/* As digest_failed() has it; inline, as the following is. */
static inline bool tally_outcome_failed(enum outcome o)
{
	return o != OUTCOME_ESTABLISHED && o != OUTCOME_PENDING;
}

/* Inline, as it is done four times for each attempt of a flood. */
static inline void tally_count(struct tally *t, enum outcome o, bool half_open)
{
	t->n[o] = tally_sum(t->n[o], 1);
	t->half_open = tally_sum(t->half_open, half_open);
}

static inline void tally_add(struct tally *t, const struct digest *d)
{
	tally_count(t, tally_outcome(d), d->half_open);
}

void tally_merge(struct tally *into, const struct tally *from);

uint64_t tally_attempts(const struct tally *t);
uint64_t tally_failures(const struct tally *t); /* as digest_failed() has it */

#endif
