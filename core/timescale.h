/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_TIMESCALE_H
#define SYNSENT_CORE_TIMESCALE_H

#include "core/attempt.h"

/*
 * A fast lab runs the kernel's own schedule with a first RTO of a few jiffies.
 * Its timers round up to the same jiffies, so it is not the slow schedule
 * divided by a constant: the map between the two goes from SYN to SYN, linear
 * in between.
 */
struct timescale {
	int n; /* knots; 0: identity */
	int64_t real_ns[SCHEDULE_SYNS_MAX + 1];
	int64_t lab_ns[SCHEDULE_SYNS_MAX + 1];
};

/* From a policy with rto_first_j set, to the same without, at some phase: what is told before there is an attempt. */
void timescale_init(struct timescale *ts, const struct policy *fast);

/* The same for one attempt: exact times, where its phase is known. */
void timescale_of(struct timescale *ts, const struct attempt *a);

int64_t timescale_to_lab(const struct timescale *ts, int64_t real_ns);
int64_t timescale_to_real(const struct timescale *ts, int64_t lab_ns);

/* A copy of the attempt on the lab's axis: its times mapped, its policy without the short first RTO. */
void timescale_attempt(const struct attempt *fast, struct attempt *ret);

#endif
