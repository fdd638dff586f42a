/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_OPENMETRICS_H
#define SYNSENT_SINKS_OPENMETRICS_H

#include <stdint.h>

#include "core/digest.h"
#include "util/buf.h"

/*
 * Attempts as metrics, in the two texts that Prometheus reads: OpenMetrics 1.0
 * (github.com/prometheus/OpenMetrics) and its own format 0.0.4, which alone
 * node_exporter's textfile collector takes.  Both have the same series, with the
 * same labels.
 *
 *   synsent_connect_attempts_total{outcome,gave_up_by,family}   counter
 *   synsent_connect_cancelled_total                             counter, of those abandoned
 *   synsent_syns_per_attempt                                    histogram, of all of them
 *   synsent_handshake_seconds                                   histogram, of those established
 *   synsent_events_lost_total{source}                           counter
 *   synsent_attempts_pending                                    gauge
 *   synsent_build_info{version,kernel}                          info
 *
 * No label has a value from outside but the kernel's release.  Attempts are 22 series: each outcome with those who can
 * have given up then (outcome_goes_with()), for IPv4 and IPv6; all else is 41, and one per source.  They are there from
 * the beginning, with 0, so that a rate can be taken of the first event of each; so is each source of which
 * openmetrics_set_lost() is told.  What is fed otherwise, as an address of neither family, is a series once it was.
 */
struct openmetrics;

#define OPENMETRICS_SOURCES_MAX 8

/* NULL: there is no memory.  m may be NULL for _free. */
struct openmetrics *openmetrics_new(void);
void openmetrics_free(struct openmetrics *m);

/* Counts n attempts alike that have ended.  Pending ones are not counted here: they are yet to end. */
void openmetrics_feed(struct openmetrics *m, const struct digest *d, uint64_t n);

/* So many events were lost by that source up to now ("ebpf", "packets"): a name of ours, and OPENMETRICS_SOURCES_MAX
 * of them at most.  Say 0 for each at the beginning.  A smaller total than before changes nothing. */
void openmetrics_set_lost(struct openmetrics *m, const char *source, uint64_t total);

/* So many attempts wait now. */
void openmetrics_set_pending(struct openmetrics *m, uint64_t n);

struct openmetrics_build {
	const char *version; /* of synsent */
	const char *kernel;  /* uname's release; any bytes */
};

enum openmetrics_format { OPENMETRICS, PROMETHEUS_TEXT, OPENMETRICS_FORMAT_N };

/* The Content-Type of it: "application/openmetrics-text; version=1.0.0; charset=utf-8" */
const char *openmetrics_type(enum openmetrics_format f);

/* Adds the whole text: at most OPENMETRICS_TEXT_MAX bytes, with version and kernel of 64 bytes. */
#define OPENMETRICS_TEXT_MAX 32768
void openmetrics_text(const struct openmetrics *m, const struct openmetrics_build *b, enum openmetrics_format f,
		      struct buf *out);

/*
 * The upper edges of synsent_handshake_seconds, in ns, up to INT64_MAX, and how many.  From 1 s on each stands just
 * below the instant of a SYN of the kernel's schedules (1, 2, 3, 4, 5, 7, 11, 19, 35, 67 s with 4 linear timeouts, 1,
 * 3, 7, 15, 31, 63 s with none), so that how many SYNs a handshake took can be read from its bucket.  Timers are never
 * early by more than the tick in which they were set, 10 ms at the most.
 */
const int64_t *openmetrics_handshake_edges_ns(int *ret_n);

#endif
