/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_TRACKER_H
#define SYNSENT_CORE_TRACKER_H

#include <stddef.h>
#include <stdint.h>

#include "core/attempt.h"

struct tracker;

typedef void tracker_fn(const struct attempt *a, void *user);

struct tracker_config {
	size_t max_attempts; /* open at once; memory is fixed: tracker_memory() */
	uint64_t seed;	     /* of the hash */
	int64_t linger_ns; /* an ended attempt is given to `fn` this long after its end, so that late evidence counts */
	bool own_clients;  /* those that matter are of this host, so of Linux, also where no socket is seen */
	tracker_fn *fn;	   /* borrowed pointer, valid for the call */
	void *user;
};

struct tracker_counts {
	uint64_t events;
	uint64_t attempts;
	uint64_t evicted;    /* given early, because the table was full */
	uint64_t unmatched;  /* events that belong to no attempt */
	uint64_t duplicates; /* the same packet seen again (mirror) */
	uint64_t lost;	     /* events that sources lost, by their own count */
};

/* NULL when there is no memory. */
struct tracker *tracker_new(const struct tracker_config *c);
void tracker_free(struct tracker *t);

/* Bytes that a tracker with that many open attempts takes. */
size_t tracker_memory(size_t max_attempts);

/* Events come in order of time, as a source saw them; a small disorder between sources is tolerated. */
void tracker_feed(struct tracker *t, const struct event *ev);

/* Gives every attempt whose linger is over at `now_ns`. */
void tracker_advance(struct tracker *t, int64_t now_ns);

/* Gives every attempt that has ended, however long ago. */
void tracker_give_ended(struct tracker *t, int64_t now_ns);

/* Gives each that is open, as it would be if the observation ended at `now_ns`; it stays. */
void tracker_each(const struct tracker *t, int64_t now_ns, tracker_fn *fn, void *user);

/* Gives each that has ended and lingers; it stays. */
void tracker_each_ended(const struct tracker *t, tracker_fn *fn, void *user);

/* Gives all that is left, in order of their start: the observation ended at `now_ns`. */
void tracker_finish(struct tracker *t, int64_t now_ns);

/* The open attempt of that client port to that server, or NULL; borrowed until the next feed. */
const struct attempt *tracker_find(const struct tracker *t, const struct flow *f);

void tracker_counts(const struct tracker *t, struct tracker_counts *ret);

#endif
