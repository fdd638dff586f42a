/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_SOME_SYNS_H
#define SYNSENT_TESTS_UNIT_SOME_SYNS_H

#include "core/schedule.h"

/* SYNs as kernels, and what is like them, send them. */

#define S 1000000000LL
#define MS 1000000LL
#define START (1700000000 * S)
#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

#define N_HZS 4
extern const int hzs[N_HZS];

/* By chance, the same in each run. */
uint64_t rnd(uint64_t below);

/* When a kernel's SYNs are seen: SYN 0 within its jiffy, the others a little after theirs began.  Returns how many. */
int kernel_syns(int hz, int retries, int linear, int64_t *syn_ns, int64_t *ret_end_ns);

/* Timers that are late by chance, as a packet generator makes them. */
int late_syns(int n, bool linear, int64_t *syn_ns);

#endif
