/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_TRIALS_H
#define SYNSENT_LAB_TRIALS_H

#include "lab/trial.h"

#define TRIALS_MAX 32

struct trials {
	struct trial *v; /* at most TRIALS_MAX */
	int n;
	struct jiffies_clock jiffies;
	int64_t patience_ns; /* what has no end by then has none */
	/* Called every few ms while they run; may be NULL. */
	void (*turn)(const struct trials *ts, void *user);
	void *user;
};

/*
 * Runs those side by side that neither held before nor are skipped.  They take as long as the longest, and are to be
 * judged afterwards (trial_judge()).  0 or -errno.
 */
int trials_run(struct trials *ts, struct err *e);

#endif
