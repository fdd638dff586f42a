/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_WIRE_H
#define SYNSENT_CORE_VERDICT_WIRE_H

#include "core/verdict.h"

/* What packets alone tell.  Private to core/verdict*.c. */

/* When the last SYN left; 0: not known. */
int64_t last_syn_ns(const struct attempt *a);

/* Who gave up was not seen; the headline is "N SYNs, then ...". */
void lost_sight(const struct attempt *a, struct verdict *v, const char *then);

/* Of an attempt that did not connect.  False when they show no end. */
bool judge_wire(const struct attempt *a, struct verdict *v);

#endif
