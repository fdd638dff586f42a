/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_SUMMARY_SPREAD_H
#define SYNSENT_CORE_SUMMARY_SPREAD_H

#include <stdint.h>

/*
 * How durations are spread: counts in classes of which each power of two has
 * 64, so that what is read from it is within 0.8 % (and exact below 128 ns).
 */
#define SPREAD_SUB_BITS 6
#define SPREAD_CLASSES ((64 - SPREAD_SUB_BITS) << SPREAD_SUB_BITS) /* of durations up to 2^63 - 1 */

struct spread {
	uint64_t n;
	int64_t min_ns, max_ns; /* exact; 0 while n is 0 */
	uint64_t classes[SPREAD_CLASSES];
};

/* Below 0 counts as 0. */
void spread_feed(struct spread *s, int64_t ns);
void spread_merge(struct spread *into, const struct spread *from);

/* The duration within which `permille` of all are, by nearest rank; 0 when there are none. */
int64_t spread_quantile(const struct spread *s, int permille);

#endif
