/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TRACE_INSIDE_H
#define SYNSENT_SOURCES_TRACE_INSIDE_H

#include "bpf/watch_shared.h"
#include "sources/trace.h"
#include "sources/trace_attempt.h"
#include "sources/trace_names.h"
#include "sources/trace_plain.h"
#include "sources/trace_queue.h"
#include "watch.skel.h"

/* The inside of sources/trace.h.  Private to sources/trace.c, which makes it, sources/trace_pending.c and
 * sources/trace_counts.c. */

/* As bpf/watch_state.h has it. */
struct per_cpu {
	uint64_t counts[WATCH_COUNTS];
	uint64_t woken_ns;
	uint64_t plain_ns;
	uint64_t drops_since_ns;
	uint32_t drops;
	uint64_t taken[2];
};

struct trace {
	struct watch_bpf *skel;
	enum trace_drops drops;
	struct ring_buffer *ring;
	struct trace_queue queue; /* out of the ring */
	struct trace_names *names;
	struct trace_frame frame;
	struct attempt attempt; /* what is given; reused */
	struct per_cpu *cpus;
	int n_cpus;
	bool missed_earlier;
	struct trace_plain *plain;
	int64_t plain_due_ns; /* CLOCK_MONOTONIC; 0: no more of them are known of */
	int64_t read_ns;      /* CLOCK_MONOTONIC: something was there */
	/* while it is read */
	trace_fn *fn;
	trace_counted_fn *plain_fn;
	void *user, *plain_user;
};

#endif
