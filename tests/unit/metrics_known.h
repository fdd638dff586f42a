/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_METRICS_KNOWN_H
#define SYNSENT_TESTS_UNIT_METRICS_KNOWN_H

#include "sinks/openmetrics.h"

/* Attempts of every kind, 2,049 in all, with what is lost and pending: the text of them is tests/golden/metrics. */
void metrics_known_feed(struct openmetrics *m);

/* One more that is established, by IPv4, after 3.5 s and 3 SYNs. */
void metrics_known_one_more(struct openmetrics *m);

extern const struct openmetrics_build metrics_known_build;

#endif
