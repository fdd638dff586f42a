/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_CONFORM_INSIDE_H
#define SYNSENT_LAB_CONFORM_INSIDE_H

#include "lab/conform.h"
#include "lab/fault.h"
#include "lab/trials.h"

/* What lab/conform's files share.  All of this happens in the sandbox; the struct conform is shared with outside. */

#define CONFORM_SCHEDULES 10
#define CONFORM_COPIES 3 /* of each, at other phases */
#define CONFORM_TRIALS (CONFORM_SCHEDULES * CONFORM_COPIES)
#define CONFORM_RETRIES 2 /* of the answers: silence ends after 7 s */
#define CONFORM_PATIENCE_NS 10000000000LL

/* The policies that are tried, none of which waits for more than 8 s: all of them, then all again. */
void conform_schedules(struct trial ret[CONFORM_TRIALS]);

/* A server, and what stands between. */
struct conform_answer {
	struct conform_case *c;
	struct fault fault; /* for this server alone */
	struct endpoint server;
	int error;    /* of connect(); 0: it connects */
	int64_t ns;   /* when, nominal */
	int fd;	      /* -1: not under way */
	int64_t t_ns; /* when connect() was called */
	bool held;
};

/*
 * Adds every case to c: the schedules', then those of answers, of which `ret` has room for CONFORM_CASES_MAX: every
 * code of ICMP, and the rows of fault_effects[] (but those of chance), in each family, under that policy.  How many
 * answers there are.
 */
int conform_cases(struct conform *c, const struct policy *p, bool ipv6, struct conform_answer *ret);

/* Runs the schedules' cases, each in a network namespace of its own.  0 or -errno. */
int conform_run_schedules(struct conform *c, struct trial *trials, struct err *e);

/* Runs the answers in a world with all their faults in it, twice where some do not hold.  0 or -errno. */
int conform_run_answers(struct conform *c, struct conform_answer *answers, int n, const struct policy *p,
			struct err *e);

#endif
