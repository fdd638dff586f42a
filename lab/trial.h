/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_TRIAL_H
#define SYNSENT_LAB_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/schedule.h"
#include "sources/jiffies.h"
#include "sources/live.h"
#include "sources/sockdiag.h"
#include "util/err.h"

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

/* Forgets what came of it before; name, what is asked and family stay.  Then trial_fini() is safe. */
void trial_init(struct trial *t);

/*
 * Moves this thread, which must have CAP_SYS_ADMIN and CAP_NET_ADMIN where it is, into a new network namespace, and
 * makes the trial ready there.  All return 0 or -errno with e filled.
 */
int trial_prepare(struct trial *t, struct err *e);

/* Calls connect(). */
int trial_start(struct trial *t, const struct jiffies_clock *jiffies, struct err *e);

/* Takes the SYNs seen since the last time. */
int trial_take_syns(struct trial *t, struct err *e);

/* connect() has failed: seen just now. */
int trial_end(struct trial *t, struct err *e);

/* Closes what is open, which takes tens of ms: who closes a packet socket waits for its last readers. */
void trial_fini(struct trial *t);

/*
 * Whether it was as core/schedule.h has it, each SYN and the end within `tolerance` jiffies.  NULL, or a static text
 * that names the first thing that was not.  *ret_schedule is what was predicted, and *ret_worst by how many jiffies
 * the worst instant was off; both may be NULL.
 */
const char *trial_judge(const struct trial *t, const struct jiffies_clock *jiffies, int tolerance,
			struct schedule *ret_schedule, double *ret_worst);

#endif
