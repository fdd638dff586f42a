/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_TRACE_MADE_H
#define SYNSENT_TESTS_UNIT_TRACE_MADE_H

#include <errno.h>
#include <time.h>

/* after <time.h>, whose struct timespec it wants */
#include <linux/errqueue.h>

#include "core/verdict.h"
#include "sources/trace_attempt.h"

/* What the BPF programs tell of an attempt, made, and what comes of it. */

#define US ((int64_t)1000)
#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define AHEAD (1700000000 * S)
#define BEGUN (100 * S + MS) /* in the kernel's clock, 1 ms after a tick's edge */
#define START (AHEAD + BEGUN)
#define JIFFY 26000 /* then */
#define NETNS 4026531840u
#define NEIGHBOUR 0xffffffff81999999u
#define RECEIVED 0xffffffff81777777u
#define SNIFFER 0xffffffff81666666u
#define OTHER_NETNS 4026532999u

enum { NETFILTER_DROP = 8, TCP_CSUM, WRONG_ACK, FLAGS, NEIGH_FAILED, NOT_SPECIFIED, NO_SOCKET };

/* What is told; the attempt and the verdict that told() makes of it. */
extern struct watch_record r;
extern struct attempt a;
extern struct verdict v;

/* An attempt of curl, by IPv4, as it is told when nothing went wrong: it began, and waits. */
struct watch_attempt *begin(void);
void six(void);

/* n of its SYNs were sent again, by the schedule of 5 retries, and the events told so. */
void sent_again(int n);
void ended(int64_t after_ns, int by, int error);
struct watch_drop *dropped(uint32_t why, uint32_t packets);
void icmp(int origin, int type, int code);
void told(void);

/* The policy and the phase, to the tick: what ends just then is that limit's, and says so. */
int64_t predicted_ns(void);
void assert_verdict(enum outcome o, enum gave_up_by by, enum limit l, enum confidence c);
bool has_evidence(const char *part);

#endif
