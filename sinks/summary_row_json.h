/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_SUMMARY_ROW_JSON_H
#define SYNSENT_SINKS_SUMMARY_ROW_JSON_H

#include "sinks/json.h"
#include "sinks/summary.h"

/* Members of the objects that summary.h shows.  Private to sinks/summary*.c. */

/* RFC 3339 */
void row_json_time(struct json *j, const char *key, int64_t t_ns);

/* attempts, failures, outcomes (each, also those of 0) and half_open */
void row_json_counts(struct json *j, uint64_t attempts, uint64_t failures, const uint64_t n[OUTCOME_N],
		     uint64_t half_open);

/* first_failure and last_failure */
void row_json_failures(struct json *j, int64_t first_ns, int64_t last_ns);

/* All of a server's or client's row, but for "v". */
void row_json_entry(struct json *j, enum summary_by by, const struct top_entry *e);

#endif
