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

/*
 * Loads them and, if asked for, attaches them; what waits already is in their table then, but for what
 * *ret_missed_earlier says.  0, and *ret is the caller's, for watch_bpf__destroy(); or -errno, with e->exit_code 2 for
 * options that cannot be and 77 where the kernel refuses them.
 */
int trace_load(const struct trace_opts *o, const struct trace_names *names, bool attach, struct watch_bpf **ret,
	       bool *ret_missed_earlier, struct err *e);

#endif
