/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_DURATION_H
#define SYNSENT_UTIL_DURATION_H

#include <stdint.h>

#define NS_PER_US 1000LL
#define NS_PER_MS 1000000LL
#define NS_PER_S 1000000000LL

/* Reads "300ms", "5s", "2m", "1.5s", "250us", "10ns"; a bare number is seconds.  Returns 0, or -EINVAL (not a
 * duration) or -ERANGE (above 100 days).  Never negative. */
int duration_parse(const char *text, int64_t *ret_ns);

#endif
