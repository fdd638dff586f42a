/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_COUNTS_H
#define SYNSENT_CORE_VERDICT_COUNTS_H

#include "core/verdict.h"

/* No reply that was seen ended it: the kernel's books, its socket's, and the clock.  Private to core/verdict*.c. */
void judge_by_counts(const struct attempt *a, struct verdict *v);

#endif
