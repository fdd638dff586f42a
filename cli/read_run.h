/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_RUN_H
#define SYNSENT_CLI_READ_RUN_H

#include "cli/read.h"
#include "util/confine.h"

/*
 * A run of `synsent read`, in three parts: everything is opened, then read in a
 * process that can open nothing, then what it wrote appears under its name.
 */
struct read_run;

/* 0 or -errno. */
int read_run_new(const struct read_opts *o, const struct read_files *files, uint64_t seed, struct read_run **ret,
		 struct err *e);
void read_run_free(struct read_run *r);

/* For confined_run(): reads and prints; the exit status.  user: the read_run. */
int read_run_work(void *user, const struct confined *c);

/* Makes the files appear, if the work ended well.  0 or -errno. */
int read_run_commit(struct read_run *r, int status, struct err *e);

#endif
