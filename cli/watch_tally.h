/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_TALLY_H
#define SYNSENT_CLI_WATCH_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "sinks/watch_summary.h"

/* Attempts by the name of their process: the first WATCH_TALLY_MAX names; what comes beyond is "others". */
struct watch_tally;

#define WATCH_TALLY_MAX 1024

/* NULL when there is no memory. */
struct watch_tally *watch_tally_new(void);
void watch_tally_free(struct watch_tally *t);

/* n of them. */
void watch_tally_feed(struct watch_tally *t, const char comm[16], bool failed, uint64_t n);

/*
 * The names with the most failures, then the most attempts; how many, at most
 * max.  Names are borrowed until the next feed.  *ret_others: how many names
 * there are beside them.
 */
int watch_tally_worst(struct watch_tally *t, struct watch_summary_process *ret, int max, uint64_t *ret_others);

#endif
