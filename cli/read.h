/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_H
#define SYNSENT_CLI_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/terminal.h"
#include "util/buf.h"
#include "util/confine.h"
#include "util/err.h"

/* What `synsent read` was asked. */
struct read_opts {
	bool all, failures, summary, packets, absolute, recursive, follow, verbose;
	const char *json; /* NULL: text; "": attempts; "counts" */
	const char *by, *diagram, *svg, *write, *since, *until, *sandbox, *color;
	int max_packets; /* 0: all */
	uint64_t memory;
};

/* The files that the words of the command line name, and what stands before them. */
struct read_files {
	char *filter; /* NULL: none */
	char **paths;
	size_t n;
	size_t skipped;	   /* files in directories that are no captures */
	struct buf closed; /* what in directories could not be looked at, a line each with why */
};

/*
 * Leading words that are no files are the filter.  With `recursive` a directory
 * stands for the captures in it, sorted by name.  0 or -errno.
 */
int read_files_find(char **words, int n, bool recursive, struct read_files *ret, struct err *e);
void read_files_fini(struct read_files *f);

/* Fills e; -EINVAL, exit code 2. */
int read_misuse(struct err *e, const char *what, const char *remedy);

/* words: NULL-terminated */
bool read_is_word(const char *word, const char *const *words);

/* A file that is read must not be written: -EINVAL, exit code 2.  path may be NULL. */
int read_check_output(const char *path, const struct read_files *files, struct err *e);

/* Of hashes: random, or as SYNSENT_SEED says, for tests. */
uint64_t read_seed(void);

/* What confined_run() returned, and then the commit of the outputs, as this process's exit status; errors are told. */
int read_exit_status(const char *command, int status, int committed, struct err *e);

/* --sandbox: its words, for option rows; and what one of them means. */
const char *const *read_sandbox_words(void);
enum confine_mode read_sandbox_mode(const char *word);

/*
 * A time on the command line: "17:02" and "17:02:13.5" are of the day when the
 * capture begins, or of the next where that is nearer to its begin; "2026-11-26 17:02:13" (or with T) local too, an
 * ending Z or +01:00 makes it absolute; "@1700000000.5" is seconds since 1970; "+30s" after the capture's first packet.
 * `option` is its name.  0 or -EINVAL.
 */
int read_when_parse(const char *option, const char *text, int64_t first_ns, int64_t *ret_ns, struct err *e);

/* Whether these, both of which may be NULL, are of one of these forms. */
int read_when_check(const char *since, const char *until, struct err *e);

/* What they mean; INT64_MIN, INT64_MAX where they are NULL.  -EINVAL when nothing can lie between them. */
int read_when_limits(const char *since, const char *until, int64_t first_ns, int64_t *ret_since_ns,
		     int64_t *ret_until_ns, struct err *e);

#endif
