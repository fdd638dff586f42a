/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_REPORT_H
#define SYNSENT_SINKS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/expect.h"
#include "core/logical.h"
#include "core/schedule.h"
#include "util/err.h"

/*
 * What `synsent run --report F` writes for a CI system, in the form that F's
 * ending names:
 *   .json  one object, as docs/run-report.schema.json has it
 *   .xml   JUnit, as Jenkins takes it: one testsuite
 *   .tap   the Test Anything Protocol, version 13, with a YAML block where a test fails
 * A test is a clause of --expect; without one, a logical connect, which fails when it did not connect and is
 * skipped when it is still waiting.
 */
struct report {
	const char *const *argv; /* the command line that was run: from outside, as names and processes are */
	int argc;
	const char *const *faults; /* as written */
	int n_faults;
	uint64_t seed;
	const struct policy *policy; /* in force for the command; NULL: not known */
	int64_t started_ns, duration_ns;
	int exit_status;	   /* -1: it has none */
	int exit_signal;	   /* 0: none */
	bool timed_out;		   /* it was ended by --time-limit */
	const struct tried *tried; /* grouped, in order of their number */
	size_t n;
	const struct expect_row *rows;
	int n_rows; /* 0: without --expect */
};

struct report_file;

/*
 * Before the run, so that what cannot be written is known then.  0 or -errno;
 * -EINVAL (exit_code 2) for "-" and for other endings.
 */
int report_create(const char *path, struct report_file **ret, struct err *e);

/* Writes it and makes it appear; the file is complete or absent (util/outfile.h).  0 or -errno.  Frees f. */
int report_finish(struct report_file *f, const struct report *r, struct err *e);

/* Gives up: nothing appears.  Frees f; f may be NULL. */
void report_abort(struct report_file *f);

#endif
