/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_OBSERVE_TOLD_H
#define SYNSENT_TESTS_UNIT_OBSERVE_TOLD_H

#include "sources/observe_flows.h"

/* Sockets that left SYN_SENT, and what is told of them as the kernel's counters move. */

#define UNTOLD 99

/* By client port - 1. */
extern int64_t aborts_told[16], fails_told[16], icmp_told[16];
extern struct event_left left_told;
extern int n_left, connected_as, resent, n_closed;

struct observe *start(void);

/* A socket that was there at before_ms, when the counters were read, and gone at gone_ms. */
struct known *gone(struct observe *ob, int before_ms, int64_t aborts, int64_t fails, int gone_ms, bool due);

/* The counters are read then. */
void count(struct observe *ob, int at_ms, int64_t aborts, int64_t fails);
void assert_told(int i, int64_t aborts, int64_t fails);

#endif
