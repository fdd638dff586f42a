/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TIMELINE_H
#define SYNSENT_SOURCES_TIMELINE_H

#include "sources/capture.h"

/*
 * Several captures as one: their packets by time.  Within a file they stay in
 * the file's order, whatever their times are; of two files with the same time
 * the one that begins earlier comes first.
 */
struct timeline;

struct timeline_opts {
	struct capture_opts capture;
	/* A file that could not be read, or not to its end.  e is borrowed. */
	void (*on_error)(const struct err *e, void *user);
	/* A file of events, which is no part of the timeline; file: among the paths. */
	void (*on_events)(struct capture *c, uint32_t file, void *user);
	capture_remark_fn *on_remark;
	void *user;
};

/* Opens the files, and reads nothing.  One that cannot be opened is told, and left out.  0, or -ENOMEM. */
int timeline_open(const char *const *paths, size_t n, const struct timeline_opts *o, struct timeline **ret,
		  struct err *e);
void timeline_free(struct timeline *t);

/* Reads where each file begins.  Those that are no captures are told, and left out. */
void timeline_begin(struct timeline *t);

/* Of the only file, once it has begun: capture_await().  NULL: there are several. */
uint8_t *timeline_await(struct timeline *t);

/* Of the first packet of all; 0: there is none. */
int64_t timeline_first_ns(const struct timeline *t);

/* Packets of one file in a row. */
struct timeline_run {
	struct capture *capture;
	uint32_t file; /* among the paths */
	const struct stretch *stretch;
	bool begins;	  /* the stretch was not given before */
	int list;	  /* the entry at hand: to be moved on by the caller */
	uint32_t entry;	  /* in it */
	uint32_t look;	  /* the next of stretch->sightings */
	bool limited;	  /* it must stop before the first packet ... */
	int64_t limit_ns; /* ... that is later than this */
};

enum timeline_result {
	TIMELINE_RUN,
	TIMELINE_IDLE, /* nothing came for a moment */
	TIMELINE_END,
};

/* The run is borrowed until the next call.  Where the caller left it another may go on. */
enum timeline_result timeline_next(struct timeline *t, struct timeline_run **ret);

/* False: the run's stretch has no further entries. */
static inline bool timeline_run_more(struct timeline_run *r)
{
	while (r->list < r->stretch->walk.n_lists && r->entry >= r->stretch->walk.lists[r->list].n) {
		r->list++;
		r->entry = 0;
	}
	return r->list < r->stretch->walk.n_lists;
}

/* The capture of that file; NULL: it was left out. */
const struct capture *timeline_capture(const struct timeline *t, size_t file);

#endif
