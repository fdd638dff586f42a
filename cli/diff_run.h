/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_DIFF_RUN_H
#define SYNSENT_CLI_DIFF_RUN_H

#include "cli/diff.h"

/* A run of `synsent diff`, in the parts of that of `synsent read`: cli/read_run.h. */
struct diff_run;

/* files: two.  0 or -errno. */
int diff_run_new(const struct diff_opts *o, const struct read_files *files, uint64_t seed, struct diff_run **ret,
		 struct err *e);
void diff_run_free(struct diff_run *r);

/* For confined_run(): reads, compares and prints; the exit status.  user: the diff_run. */
int diff_run_work(void *user, const struct confined *c);

/* Makes the SVG appear, if the work ended well.  0 or -errno. */
int diff_run_commit(struct diff_run *r, int status, struct err *e);

#endif
