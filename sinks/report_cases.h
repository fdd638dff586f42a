/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_REPORT_CASES_H
#define SYNSENT_SINKS_REPORT_CASES_H

#include "sinks/report.h"
#include "util/buf.h"

/* A report as tests. */
enum case_fate { CASE_PASSED, CASE_FAILED, CASE_SKIPPED, CASE_FATE_N };

struct report_case {
	enum case_fate fate;
	const struct expect_row *row; /* a clause, or NULL: */
	const struct tried *t;	      /* a logical connect, by its deciding attempt */
	size_t at;		      /* where to look for the next one; begins as 0 */
};

/* The next test; false: there is none.  *c begins zeroed. */
bool report_case_next(const struct report *r, struct report_case *c);

void report_case_count(const struct report *r, size_t ret[CASE_FATE_N]);

/* Texts; what is from outside in them is not escaped.  "within=2s", "connect 3 to 198.18.0.1:80 (db)" */
void report_case_name(const struct report_case *c, struct buf *to);

/* Why it failed or was skipped, in a line: "expected at most 2s, was 10.01 s", "refused after 0.31 ms, by the peer" */
void report_case_why(const struct report_case *c, struct buf *to);

/* The command line, words apart by a blank. */
void report_command(const struct report *r, struct buf *to);

/* "status 28", "signal 9 (SIGKILL)", "not known" */
void report_exit(const struct report *r, struct buf *to);

#endif
