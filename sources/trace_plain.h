/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TRACE_PLAIN_H
#define SYNSENT_SOURCES_TRACE_PLAIN_H

#include "bpf/watch_shared.h"

#include <stdint.h>

/* Attempts that bpf/watch_plain.h only counts, by kind. */
struct trace_plain;

/* n more attempts of a kind ended: `w` is one of them, which took as long as they did on the average. */
typedef void trace_plain_fn(const struct watch_attempt *w, uint64_t n, void *user);

/* NULL: no memory. */
struct trace_plain *trace_plain_new(void);
void trace_plain_free(struct trace_plain *p);

/* What was counted since the last call.  Both tables have WATCH_PLAINS rows, and may be written to meanwhile. */
void trace_plain_read(struct trace_plain *p, const uint64_t *tags, const struct watch_plain *kinds, trace_plain_fn *fn,
		      void *user);

#endif
