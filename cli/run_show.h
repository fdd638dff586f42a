/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_RUN_SHOW_H
#define SYNSENT_CLI_RUN_SHOW_H

#include "cli/kept_packets.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "core/expect.h"
#include "core/logical.h"
#include "lab/run.h"
#include "sinks/events.h"
#include "sinks/report.h"
#include "util/outfile.h"

/*
 * The view of `synsent run`: it keeps what is told while the program runs, for the
 * program has the terminal, and tells it in the end.  All of it goes to standard
 * error: standard output is the program's.
 */
struct run_show_opts {
	const struct run_config *c;
	struct terminal terminal;
	bool quiet, verbose, json;
	const char *json_file; /* NULL: standard error */
	const char *log_file, *capture, *svg, *events;
	struct option_list reports;
	struct expect *expect; /* n == 0: none */
};

/* Of so many attempts all is kept, the failed ones first of all; of the rest what struct tried has. */
#define RUN_KEPT_MAX 200
#define RUN_TRIED_MAX 200000
#define RUN_REPORTS_MAX 8

struct run_show {
	struct run_show_opts o;
	struct run_view view;
	struct tried *tried;
	size_t n_tried, cap;
	uint32_t *deciders, *members; /* of the logical connect that begins with an attempt: an index, a count */
	uint64_t untold;	      /* attempts beyond RUN_TRIED_MAX */
	struct attempt *kept[RUN_KEPT_MAX];
	int n_kept;
	struct kept_packets packets;
	uint64_t packets_missed; /* beyond what is kept */
	struct events *events;
	struct outfile *json, *log;
	struct report_file *reports[RUN_REPORTS_MAX]; /* as many as o.reports has */
	struct err file_err;			      /* the first that went wrong with a file */
	int64_t begun_ns;			      /* of the log: when the program began */
};

/* Opens the files that are asked for.  0 or -errno. */
int run_show_new(const struct run_show_opts *o, struct run_show **ret, struct err *e);
void run_show_free(struct run_show *s);

/* Tells all, writes the files, judges what was expected.  Returns the exit status; e is filled when a file failed or
 * something was lost. */
int run_show_end(struct run_show *s, const struct run_end *end, struct err *e);

/* cli/run_text.c: the lines at the end, on standard error. */
void run_text(const struct run_show *s, const struct run_end *end, const struct logical_sum *sum);

/* A line for each fault that no connection met, as where a name is misspelt: a test under it tests nothing. */
void run_unmet(const struct run_show *s);

/* The kept attempt of that number; NULL: it was not kept. */
const struct attempt *run_show_kept(const struct run_show *s, uint32_t number);

#endif
