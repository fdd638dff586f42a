/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_ATTEMPT_LINE_H
#define SYNSENT_SINKS_ATTEMPT_LINE_H

#include "core/verdict.h"
#include "util/buf.h"

struct attempt_line_look {
	bool color; /* repeats what the words say */
	bool date;  /* before the time, year included */
};

/*
 * An attempt and its verdict as one line of a list, newline included: its
 * number, the local time (TZ) of SYN 0, client > server, the outcome, what
 * happened, and how sure that is where it was inferred from silence.  Never
 * wrapped; what comes from packets is escaped.
 *   17  17:02:13.401  10.0.12.83:33878 > 198.18.227.36:443     timed-out    6 SYNs over 31.4 s, ...  (likely)
 */
void attempt_line(const struct attempt *a, const struct verdict *v, const struct attempt_line_look *o, struct buf *to);

#endif
