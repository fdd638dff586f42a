/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_FIGURES_H
#define SYNSENT_SINKS_FIGURES_H

#include <stdint.h>

#include "util/buf.h"

/* Figures as people read them. */

/* "1,969,642" */
void figures_count(uint64_t n, struct buf *to);

/* "2.0 GB", "812 B"; decimal prefixes */
void figures_bytes(uint64_t n, struct buf *to);

/* "51 %", "6.1 %", "<0.1 %"; 0 and 100 only where they are exact.  `whole` is not 0. */
void figures_percent(uint64_t part, uint64_t whole, struct buf *to);

/* What an attempt took: "0.31 ms", "12.4 ms", "3.03 s", "131 s" */
void figures_elapsed(int64_t ns, struct buf *to);

/* How long something lasted, in round terms: "0.8 s", "43 s", "12 min", "3 h 20 min", "2 days 5 h" */
void figures_length(int64_t ns, struct buf *to);

/* Local time (TZ), t_ns since 1970: "17:02:13", with more of it if asked for. */
enum figures_clock {
	CLOCK_DAY = 1,	 /* "03-14 " before it */
	CLOCK_DATE = 2,	 /* "2026-03-14 " before it */
	CLOCK_MS = 4,	 /* ".401" after it */
	CLOCK_MINUTE = 8 /* without seconds */
};

void figures_clock(int64_t t_ns, int how, struct buf *to);

/* The name of the local time zone then: "UTC" */
void figures_zone(int64_t t_ns, struct buf *to);

/* Are these on one day of local time? */
bool figures_same_day(int64_t a_ns, int64_t b_ns);

#endif
