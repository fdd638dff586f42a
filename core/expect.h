/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_EXPECT_H
#define SYNSENT_CORE_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/logical.h"
#include "util/err.h"

/*
 * What somebody expects of a run: "gave-up=application,within=2s..2.5s,syns<=3".
 * Clauses NAME OP VALUE are joined by commas, OP one of = != < <= > >=.
 *
 *   attempts, connects     how many attempts, logical connects
 *   exit                   the command's status
 *   signal                 what ended the command: SIGKILL, KILL, 9 or none
 *   outcome, confidence    words of core/words.h
 *   gave-up, gave_up_by    likewise
 *   limit                  likewise, or none
 *   errno                  ETIMEDOUT, 110 or none
 *   within                 from the logical connect's first SYN to its end; =2s means at most that long
 *   syns                   SYNs sent
 *   replies, ignored       replies that came, and those of them that were ignored
 *   address                10.0.0.2, or a network: 10.0.0.0/8
 *   port, process
 *   name                   by which the address was looked up
 *
 * Of numbers and durations, = and != take ranges too: "2..4", "2s..", "..3s", both ends included.  Words, addresses and
 * names are compared by = and != alone, but confidence has an order.  A command that a signal ended has no status, so
 * exit!=0 holds; of an attempt that is still waiting only that holds for `within` which will stay so.
 *
 * The first four are about the whole run, every other about the deciding attempt of each logical connect, and has to
 * hold for all of them.  Pure.
 */
#define EXPECT_MAX 64	     /* clauses */
#define EXPECT_CLAUSE_LEN 96 /* of one, with the NUL */
#define EXPECT_ACTUAL_LEN 640

enum expect_op { EXPECT_EQ, EXPECT_NE, EXPECT_LT, EXPECT_LE, EXPECT_GT, EXPECT_GE, EXPECT_OP_N };

struct expect_clause {
	int term; /* of core/expect_terms.h */
	enum expect_op op;
	int64_t low, high; /* both ends belong to it; the same for a single value */
	struct addr addr;
	int prefix;		       /* bits of addr that count */
	char text[EXPECT_CLAUSE_LEN];  /* as written, without blanks around it */
	char value[EXPECT_CLAUSE_LEN]; /* of it what comes after OP */
};

struct expect {
	int n;
	struct expect_clause clauses[EXPECT_MAX];
};

/* Adds the clauses of one --expect; x begins zeroed.  0 or -EINVAL: x is as it was, and e says what is wrong and what
 * would be right (exit_code 2). */
int expect_add(struct expect *x, const char *text, struct err *e);

struct expect_run {
	const struct tried *tried; /* grouped, in order of their number */
	size_t n;
	int exit_status; /* of the command; -1: it has none */
	int exit_signal; /* that ended it; 0: none did */
};

struct expect_row {
	const char *name;		       /* "gave-up"; static */
	const char *clause;		       /* "gave_up_by = application": as written; x's */
	char expected[EXPECT_CLAUSE_LEN + 16]; /* "application", "at most 2s", "2s..2.5s", "not 2", "< 3" */
	/* "10.01 s"; of several logical connects "10.01 s to 198.18.0.1:80 (db), ... and 4 more": of those for which
	 * the clause does not hold, else of all.  Names in it are from outside: not escaped. */
	char actual[EXPECT_ACTUAL_LEN];
	bool nothing; /* there was nothing to look at; `actual` says so, as a sentence of its own */
	bool held;
};

/* Fills x->n rows.  Returns how many clauses do not hold. */
int expect_judge(const struct expect *x, const struct expect_run *run, struct expect_row *rows);

#endif
