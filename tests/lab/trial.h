/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_LAB_TRIAL_H
#define SYNSENT_TESTS_LAB_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/schedule.h"
#include "sources/jiffies.h"
#include "sources/live.h"
#include "sources/sockdiag.h"

#define TRIAL_SYNS_MAX 16

/*
 * One connect() that nothing answers, under a policy of its own in a network
 * namespace of its own.  The SYNs are lost in a listener with a socket filter
 * that refuses all, so no firewall is needed.  A packet socket sees them.
 */
struct trial {
	const char *name;
	struct policy asked; /* retries, linear, rto_max_ms (0: default), syncnt, user_timeout_ms */
	int family;	     /* 4 or 6 */

	bool held;	      /* it was as predicted */
	const char *skipped;  /* why this kernel cannot have such a policy */
	struct policy policy; /* as read back */
	struct live *live;
	struct sockdiag *diag;
	int listener, fd;
	bool listed;			/* sock_diag showed the socket ... */
	uint64_t phase;			/* ... and the jiffy in which it armed its timer */
	int n;				/* SYNs */
	int64_t syn_ns[TRIAL_SYNS_MAX]; /* CLOCK_MONOTONIC, as all times here */
	int64_t alive_ns;		/* connect() had not failed yet ... */
	int64_t end_ns;			/* ... and here it had; 0: it has not */
	int error;
};

/* Makes a user namespace where one is needed.  Exits 77 when there can be none, as the functions below do. */
void trial_gain_privilege(void);

/* Moves the process into a new network namespace, and makes the trial ready there, as if for the first time. */
void trial_prepare(struct trial *t);

/* Calls connect(). */
void trial_start(struct trial *t, const struct jiffies_clock *jiffies);

/* Takes the SYNs seen since the last time. */
void trial_take_syns(struct trial *t);

/* connect() has failed: seen just now. */
void trial_end(struct trial *t);

#endif
