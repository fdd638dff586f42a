/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_EARLY_H
#define SYNSENT_CLI_WATCH_EARLY_H

#include "core/attempt.h"
#include "sources/trace.h"

/*
 * The attempts of this network namespace that waited already when the
 * observation began: sock_diag has them, and /proc whose they are.
 */
struct watch_early;

/* NULL: there are none, or there is no memory. */
struct watch_early *watch_early_new(int64_t now_ns);
void watch_early_free(struct watch_early *w);

/* An attempt whose connect() was not seen: its process, if it is one of them or can be found in /proc now. */
void watch_early_name(struct watch_early *w, struct attempt *a);

/* All that wait now, those of the trace and those that it does not know. */
void watch_early_pending(struct watch_early *w, struct trace *t, int max, trace_fn *fn, void *user);

#endif
