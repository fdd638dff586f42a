/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TRACE_LOAD_H
#define SYNSENT_SOURCES_TRACE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/trace.h"
#include "sources/trace_names.h"

/* The programs of bpf/watch.bpf.c in the kernel.  For sources/trace.c alone. */

struct watch_bpf;

/* So many may wait at once, beside the first WATCH_PLACES. */
uint32_t trace_max_attempts(const struct trace_opts *o);

struct trace_loaded {
	struct watch_bpf *skel; /* the caller's, for watch_bpf__destroy() */
	bool missed_earlier;	/* of what waited already not all is in their table */
	enum trace_drops drops;
};

/*
 * Loads those that this kernel takes and, if asked for, attaches them.  0 or -errno, with e->exit_code 2 for options
 * that cannot be and 77 where the kernel refuses those that nothing goes without.
 */
int trace_load(const struct trace_opts *o, struct trace_names *names, bool attach, struct trace_loaded *ret,
	       struct err *e);

#endif
