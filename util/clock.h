/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_CLOCK_H
#define SYNSENT_UTIL_CLOCK_H

#include <stdint.h>

/*
 * Once, when the program begins: in a time namespace (Linux 5.6, time_namespaces(7)) the clock below is the kernel's
 * own from then on, as its tracepoints and jiffies have it.
 */
void clock_enter(void);

/* Nanoseconds since some fixed instant; never steps (CLOCK_MONOTONIC). */
int64_t clock_mono_ns(void);

/* Nanoseconds since 1970-01-01 UTC (CLOCK_REALTIME). */
int64_t clock_real_ns(void);

/* How far CLOCK_REALTIME is ahead of CLOCK_MONOTONIC: of a few readings the one that was held back least in between. */
int64_t clock_real_ahead_ns(void);

#endif
