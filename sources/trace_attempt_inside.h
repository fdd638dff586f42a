/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TRACE_ATTEMPT_INSIDE_H
#define SYNSENT_SOURCES_TRACE_ATTEMPT_INSIDE_H

#include <string.h>

#include "sources/trace_attempt.h"

/* The inside of sources/trace_attempt.h.  Private to sources/trace_attempt.c and sources/trace_drops.c. */

static inline int64_t when(const struct trace_frame *f, uint64_t mono_ns)
{
	return mono_ns ? (int64_t)mono_ns + f->ahead_ns : 0;
}

static inline struct endpoint endpoint_of(uint8_t family, const struct watch_addr *a, uint16_t port)
{
	struct endpoint ep = { .addr.family = family, .port = port };

	memcpy(ep.addr.b, a->b, family == 6 ? 16 : 4);
	return ep;
}

/* In order of time. */
void trace_add_reply(struct attempt *a, const struct reply *r);

/* What was dropped of it: places, and the replies that never reached the socket, or that it did not want. */
void trace_take_drops(const struct watch_attempt *w, const struct watch_more *more, const struct trace_frame *f,
		      struct attempt *a);

#endif
