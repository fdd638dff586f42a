/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_CONFORM_H
#define SYNSENT_LAB_CONFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

/*
 * Theory of operation.  Does this kernel do what is predicted of it?  In a sandbox (lab/sandbox.h),
 * connects all at once to servers that do not answer, under policies of their
 * own, and holds each SYN and the end against core/schedule.h, to the jiffy; and
 * in a world (lab/world.h) it connects to servers each of which meets a fault of
 * its own: every code of ICMP and ICMPv6, RST, wrong numbers, a full backlog, routes, a
 * firewall; and holds what connect() gets, and when, against lab/fault_result.h.
 *
 * A busy host serves a timer late, and the next one may then fall into another bucket of the timer wheel, which looks
 * like a difference.  So each policy runs three times side by side, and has to hold once; and what did not hold is
 * tried once more.  A wrong prediction fails each time.
 */
#define CONFORM_CASES_MAX 128
#define CONFORM_TEXT 120

enum conform_kind {
	CONFORM_SCHEDULE, /* of SYNs, to the jiffy */
	CONFORM_ICMP,	  /* how an ICMP or ICMPv6 error is taken */
	CONFORM_ANSWER,	  /* what another fault makes of connect() */
	CONFORM_KIND_N,
};

struct conform_case {
	enum conform_kind kind;
	int family;		     /* 4 or 6 */
	char name[40];		     /* "R2 L4", "icmp 3/13", "rst:bad-ack" */
	char expected[CONFORM_TEXT]; /* "EHOSTUNREACH at once", "SYNs at 0, 1.012 s, ETIMEDOUT at 3.06 s" */
	char observed[CONFORM_TEXT]; /* likewise; "" while it goes on, or when it was skipped */
	char skipped[64];	     /* why this kernel cannot have it; "" otherwise */
	bool done, held;
	bool again; /* it held only when it was tried again */
};

struct conform {
	int n;
	struct conform_case cases[CONFORM_CASES_MAX];
	int64_t took_ns;
	double worst_jiffies; /* the schedules that held were off by so much at most */
	int again;	      /* so many are being tried once more */
};

/* How many are done. */
int conform_done(const struct conform *c);

/* How many of a kind there are, and hold; those that were skipped apart. */
void conform_count(const struct conform *c, enum conform_kind k, int *ret_n, int *ret_held);

/*
 * Takes some 9 s; where something does not hold, up to 24.  `progress`, which may be NULL, is called a few times a
 * second.  0, or -errno with e filled: then it could not be done here (e->exit_code 77).
 */
int conform_run(struct conform *ret, void (*progress)(const struct conform *c, void *user), void *user, struct err *e);

#endif
