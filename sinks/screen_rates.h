/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_SCREEN_RATES_H
#define SYNSENT_SINKS_SCREEN_RATES_H

#include <stddef.h>

#include "core/addr.h"
#include "core/words.h"

/*
 * How many attempts went to each server of late, and how they ended, in
 * bounded memory: of a server that comes when there is no room, and of the one
 * that was quiet for longest among sixteen and makes room for it, the counts
 * are lost; how many were is told.
 */
struct screen_rates;

#define SCREEN_SERVERS_MAX 1024
#define SCREEN_RATE_SECONDS 60

struct screen_rate {
	uint64_t id; /* the same for a server for as long as it is followed; never 0 */
	struct endpoint server;
	uint64_t attempts, failed;	   /* since it was first seen here */
	uint32_t attempts_10, attempts_60; /* ended within the last 10 and 60 s, the second that runs included */
	uint32_t failed_60;
	int64_t median_ns;	/* of its last connects, 64 at most; -1: none so far */
	int64_t last_ended_ns;	/* its last attempt's end */
	int64_t last_failed_ns; /* 0: never */
	enum outcome last_failure;
};

/* NULL when there is no memory.  All of it is taken at once, screen_rates_memory() bytes, and touched as servers come.
 */
struct screen_rates *screen_rates_new(uint64_t seed);
void screen_rates_free(struct screen_rates *r);
size_t screen_rates_memory(void);

/* Counts an attempt that ended then.  elapsed_ns: what the connect took, where it is established. */
void screen_rates_feed(struct screen_rates *r, const struct endpoint *server, int64_t ended_ns, enum outcome o,
		       int64_t elapsed_ns);

/* What is known at that time, in no order that means anything, into `ret`: how many, at most SCREEN_SERVERS_MAX. */
size_t screen_rates_get(struct screen_rates *r, int64_t now_ns, struct screen_rate *ret);

/* Servers whose counts were lost for want of room. */
uint64_t screen_rates_forgotten(const struct screen_rates *r);
void screen_rates_clear(struct screen_rates *r);

#endif
