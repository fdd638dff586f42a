/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_SOURCE_H
#define SYNSENT_CLI_WATCH_SOURCE_H

#include <poll.h>
#include <stdbool.h>

#include "core/attempt.h"
#include "sources/trace.h"
#include "sinks/watch_summary.h"
#include "util/err.h"

/*
 * Where `watch` has its attempts from, whichever way is open: eBPF, for the
 * whole host (sources/trace.h), or, without it, this network namespace's
 * packets and sock_diag (sources/observe.h) and the tracker.
 */
struct watch_source;
struct watch_want;

#define WATCH_SOURCE_FDS_MAX 20

struct watch_source_opts {
	const struct watch_want *want; /* as much of it as can be asked of the kernel */
	uint32_t max_attempts;	       /* that wait at once; 0: a default */
	bool no_bpf;
	bool packets;	  /* look at them, too; without eBPF they are looked at anyway */
	bool inbound;	  /* watch_source_dropped() will be asked for what comes in */
	bool only_counts; /* no attempt is shown */
	void (*on_attempt)(const struct attempt *a, void *user); /* one that is over; borrowed, valid for the call */
	void *user;
};

/* 0 or -errno. */
int watch_source_open(const struct watch_source_opts *o, struct watch_source **ret, struct err *e);

/* Without eBPF: that an option needs it, why there is none, and what can be done instead.  -EPERM. */
int watch_source_refuse(const struct watch_source *s, const char *option, const char *otherwise, struct err *e);

void watch_source_free(struct watch_source *s);

/* NULL: eBPF is used.  Else why not, as a sentence without its full stop. */
const char *watch_source_without(const struct watch_source *s);

/* Without eBPF: what would give it; "" where nothing is known to. */
const char *watch_source_remedy(const struct watch_source *s);

/* Which drops are seen; without eBPF none. */
enum trace_drops watch_source_drops(const struct watch_source *s);

/* With eBPF: why not all are, as a sentence without its full stop; NULL: they are. */
const char *watch_source_drops_unseen(const struct watch_source *s);

/* Not all that waited when it began was found; trace_missed_earlier(). */
bool watch_source_missed_earlier(const struct watch_source *s);

int watch_source_fds(const struct watch_source *s, struct pollfd *fds);

/* Milliseconds until the next pump; -1: when a descriptor is readable. */
int watch_source_wait_ms(const struct watch_source *s);

/* Gives what is there.  0 or -errno. */
int watch_source_pump(struct watch_source *s, struct err *e);

/* The observation ends: gives what is there, and what had ended and was held back for what might come.  0 or -errno. */
int watch_source_finish(struct watch_source *s, struct err *e);

/* Gives those that wait now, with their policy where it is known, to fn.  False: there may be more. */
bool watch_source_pending(struct watch_source *s, void (*fn)(const struct attempt *a, void *user), void *user);

/* What is not shown and was only counted, since the last call: n attempts like that one. */
void watch_source_counted(struct watch_source *s, void (*fn)(const struct attempt *a, uint64_t n, void *user),
			  void *user);

/* When they are to be asked for (CLOCK_MONOTONIC); 0: nothing was counted. */
int64_t watch_source_counted_due_ns(const struct watch_source *s);

/* The event clock's now. */
int64_t watch_source_now(const struct watch_source *s);

/* How many wait now, about. */
uint64_t watch_source_waiting(struct watch_source *s);

/* watch_own_unseen(); 0 with eBPF. */
uint64_t watch_source_unseen(struct watch_source *s, uint64_t *ret_failed);

/* trace_dropped(); false without eBPF. */
bool watch_source_dropped(struct watch_source *s, const struct attempt *of, const struct flow *f,
			  enum trace_dropped what, struct drop *ret);

/* trace_tells_nat(); false without eBPF. */
bool watch_source_tells_nat(const struct watch_source *s);

#define WATCH_LOSSES_MAX 8

/* What was lost, by source, those too where nothing was; how many. */
int watch_source_losses(struct watch_source *s, struct watch_summary_loss *ret);

#endif
