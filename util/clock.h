/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_CLOCK_H
#define SYNSENT_UTIL_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some fixed instant; never steps (CLOCK_MONOTONIC). */
int64_t clock_mono_ns(void);

/* Nanoseconds since 1970-01-01 UTC (CLOCK_REALTIME). */
int64_t clock_real_ns(void);

#endif
