/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_METRICS_ACCEPT_H
#define SYNSENT_SINKS_METRICS_ACCEPT_H

#include <stdbool.h>

#include "sinks/openmetrics.h"

/*
 * Which text a client wants, by its Accept fields (RFC 9110 12.5.1).  OpenMetrics is
 * for those that name it, in version 1.0.0 or in none, and do not want text/plain
 * more.  All others get Prometheus' own format, which every reader of either
 * knows: those that take anything, and those that should have nothing.
 */
struct metrics_accept {
	/* Weights in thousandths, with 1 added; 0: not named */
	int openmetrics, plain, any;
};

/* An Accept field's value; there may be several.  cut: its end is missing. */
void metrics_accept_feed(struct metrics_accept *a, const char *value, bool cut);

enum openmetrics_format metrics_accept_choice(const struct metrics_accept *a);

#endif
