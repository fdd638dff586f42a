/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_RUN_INSIDE_H
#define SYNSENT_CLI_READ_RUN_INSIDE_H

#include <signal.h>

#include "cli/read_progress.h"
#include "cli/read_run.h"
#include "cli/read_show.h"

/* The inside of cli/read_run.h.  Private to cli/read_run*.c. */

#define WRITTEN_MAX 2
#define EVENT_FILES_MAX 256

struct read_run {
	const struct read_opts *o;
	const struct read_files *files;
	uint64_t seed;
	struct terminal terminal;
	struct filter *filter;
	struct read_write *write;
	struct outfile *svg;
	struct outfile *written[WRITTEN_MAX]; /* to be committed */
	int n_written;
	struct timeline **timelines; /* one; with --json=counts one for each file */
	size_t n_timelines;
	struct {
		struct capture *capture;
		uint32_t file;
	} events[EVENT_FILES_MAX]; /* files of events, to be played after the captures */
	size_t n_events;
	uint32_t n_attempts, events_file;
	struct read_show *show;
	int status;
	const volatile sig_atomic_t *stopped; /* by this signal; 0: it goes on */
	struct read_progress progress;
	int64_t idle_since_ns, flushed_ns;
	uint64_t size; /* of all files, where it is known */
};

/* Says what could not be read; the rest is. */
void read_run_error(const struct err *e, void *user);

/* cli/read_run_open.c: all that is read and written.  0 or -errno. */
int read_run_open_outputs(struct read_run *r, struct err *e);
int read_run_open_inputs(struct read_run *r, struct err *e);

/* cli/read_run_events.c */

/* A file that turned out to be one of events: to be played later. */
void read_run_on_events(struct capture *c, uint32_t file, void *user);

/* Events are played as they were recorded; filters and times are the captures'. */
void read_run_play_events(struct read_run *r, size_t timeline, struct read_end *end);

#endif
