/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_RUN_FILES_H
#define SYNSENT_CLI_RUN_FILES_H

#include "cli/run_show.h"

/*
 * The files of a run, when it is over: events, JSON and log are closed, the capture, the drawing and the reports
 * written.  rows: of --expect.  0, or -errno of the first that failed; what follows it is not written then.
 */
int run_files_write(struct run_show *s, const struct run_end *end, const struct logical_sum *sum,
		    const struct expect_row *rows, struct err *e);

#endif
