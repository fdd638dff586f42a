/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TRACE_ATTEMPT_H
#define SYNSENT_SOURCES_TRACE_ATTEMPT_H

#include "bpf/watch_shared.h"
#include "core/attempt.h"
#include "sources/jiffies.h"

/* What turns a record of bpf/watch.bpf.c into an attempt.  Pure. */
struct trace_frame {
	int64_t ahead_ns; /* of CLOCK_REALTIME before CLOCK_MONOTONIC */
	struct jiffies_clock jiffies;
	uint32_t kernel;
	/* Names for a drop; "" when not known. */
	const char *(*reason)(uint32_t reason, void *user);
	const char *(*function)(uint64_t location, void *user);
	void *user;
};

/* `more`: NULL when nothing was lost. */
void trace_attempt(const struct watch_attempt *w, const struct watch_more *more, const struct trace_frame *f,
		   struct attempt *ret);

/* Of dropped packets of IPv4 or IPv6 (4 or 6) all but their place. */
void trace_drop(const struct watch_drop *d, uint8_t family, const struct trace_frame *f, struct drop *ret);

#endif
