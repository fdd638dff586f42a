/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_SHOW_INSIDE_H
#define SYNSENT_CLI_READ_SHOW_INSIDE_H

#include <string.h>

#include "cli/read_pick.h"
#include "cli/read_show.h"
#include "packet/tcpdump.h"
#include "sinks/summary.h"

/* The inside of cli/read_show.h.  Private to cli/read_show*.c. */

#define COMMENTS_MAX 16

enum listing {
	LISTS_NONE,
	LISTS_ALL,
	LISTS_FAILURES,
	LISTS_FIRST_FAILURES, /* LINES_MAX of them, and none after that */
};

struct read_show {
	struct read_show_opts opts;
	const struct read_opts *o;
	struct read_job *job;
	struct summary *summary;
	struct tcpdump *printer;
	struct read_pick *pick; /* --diagram */
	struct verdict verdict;
	struct buf line, lines; /* lines: those that wait for the summary */
	enum listing listing;
	bool sums_only;			/* nothing is wanted but the summary, or no more */
	uint64_t n_lines, n_waiting;	/* that are listed: failed; and waiting when the capture ended */
	int64_t day_ns;			/* lines of another day than this have a date; 0: not known yet */
	int64_t minute;			/* of the last that was listed, ... */
	bool is_other_day;		/* ... and what was found of it */
	uint64_t answers[REPLY_KIND_N]; /* of this job, as the two that follow */
	uint64_t n_attempts, n_syns;
	char *comments[COMMENTS_MAX];
	size_t n_comments, more_comments;
	char refused[READ_LINKTYPE_LEN];
};

/* -w -: there is no room for anything else. */
static inline bool writes_to_stdout(const struct read_opts *o)
{
	return o->write && !strcmp(o->write, "-");
}

static inline bool is_json(const struct read_show *s)
{
	return s->o->json && !*s->o->json;
}

/* Attempts are listed while they are decided; without that only the default output has them, after the summary. */
static inline bool lists_at_once(const struct read_opts *o)
{
	return o->all || o->failures || (o->json && !*o->json && !o->summary && !o->by) || o->follow;
}

#endif
