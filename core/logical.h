/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_LOGICAL_H
#define SYNSENT_CORE_LOGICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attempt.h"
#include "core/verdict.h"

/*
 * Attempts that are one connect to their user: the addresses of one name, tried
 * side by side (Happy Eyeballs, RFC 8305) or one after the other.  What is kept of each attempt
 * is short, since a program may make many thousands.
 */
struct tried {
	uint32_t number; /* in order of their begin, from 1 */
	struct flow flow;
	char name[64]; /* by which the server's address was looked up; "": by none.  From outside: not escaped */
	int32_t pid;
	char comm[16];
	int64_t start_ns, end_ns; /* SYN 0 or connect(); the end of the wait */
	int64_t elapsed_ns;
	enum outcome outcome;
	enum gave_up_by gave_up_by;
	enum limit limit;
	enum confidence confidence;
	int error;
	int n_syns;
	int n_replies, n_ignored;
	/* Filled by logical_group(). */
	uint32_t logical; /* the number of the first attempt of the same logical connect */
	bool won;	  /* it is the one that connected, among several */
	bool cancelled;	  /* it was abandoned because another one won: no failure */
	bool decides;	  /* its outcome is the logical connect's: the winner, else the one that ended last */
};

/* Fills `ret` from an attempt and its verdict; name, number and the grouping are left 0. */
void tried_of(const struct attempt *a, const struct verdict *v, struct tried *ret);

/*
 * Groups n attempts that are in order of their begin, and numbered.  Attempts belong together when they are of one
 * process (pid 0 is one with any process of the same command, or of none known), go to the same port, and have the same
 * name (or, both, none), to an address that was not tried in this group before, and the later one begins while the
 * group still waits, or within 100 ms after its last failure (1.5 s when they have a name); one that connected ends its
 * group for whatever begins later. Returns the number of logical connects.
 */
size_t logical_group(struct tried *t, size_t n);

/* The sum of n attempts, for the last line. */
struct logical_sum {
	size_t attempts, logical, failed; /* failed: logical connects that did not connect, pending ones apart */
	size_t by_outcome[OUTCOME_N];	  /* attempts, cancelled ones apart */
	size_t cancelled;
};
void logical_sum(const struct tried *t, size_t n, struct logical_sum *ret);

#endif
