/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_LAB_VIEW_H
#define SYNSENT_CLI_LAB_VIEW_H

#include "cli/terminal.h"
#include "lab/lab.h"

/*
 * How a lab is shown: as text while it runs, as JSON per attempt, and at its
 * end as the verdict, the table, the diagram and the files that were asked for.
 */
struct lab_view_opts {
	struct terminal terminal;
	bool quiet;   /* the end only; of JSON, the attempt under study only */
	bool verbose; /* on stderr */
	bool json;
	bool utc;	     /* packet times */
	const char *capture; /* -w */
	const char *svg;
	const char *events;
	int64_t sandbox_ns; /* how long the sandbox took to make */
};

struct lab_show;

/* Finds out from the start whether the files can be written.  0 or -errno. */
int lab_show_new(const struct lab_view_opts *o, const struct lab_config *c, struct lab_show **ret, struct err *e);
void lab_show_free(struct lab_show *s);

/* The callbacks; they belong to s. */
const struct lab_view *lab_show_view(struct lab_show *s);

/*
 * After lab_run(): prints the end and writes the files.  `failed`: lab_run()
 * could not go on, so that there may be no end to tell.  Returns the exit
 * status, 0 when all is well; e is filled when it is not.
 */
int lab_show_end(struct lab_show *s, const struct lab_end *end, bool failed, struct err *e);

#endif
