/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_METRICS_ANSWER_H
#define SYNSENT_SINKS_METRICS_ANSWER_H

#include "sinks/metrics_request.h"
#include "util/buf.h"

/* An HTTP answer, head and body, that may be said to several clients at once; it goes with the last of them.  It
 * closes the connection. */
struct metrics_said {
	unsigned int users;
	struct buf all;
	size_t head_len;
};

/* These have one user, and are NULL when there is no memory. */

/* 200 with a text in that format. */
struct metrics_said *metrics_said_text(const struct buf *text, enum openmetrics_format f);

/* Any other answer than METRICS_WAIT and METRICS_TEXT. */
struct metrics_said *metrics_said_fixed(enum metrics_answer a);

/* s may be NULL. */
void metrics_said_drop(struct metrics_said *s);

#endif
