/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_SCHEDULE_H
#define SYNSENT_CORE_VERDICT_SCHEDULE_H

#include "core/verdict.h"

/* What the schedule says of an attempt.  Private to core/verdict*.c. */

/* How far from its exact instant a kernel give-up may be seen: timer softirqs run late on a loaded machine. */
#define GIVE_UP_TOLERANCE_NS 60000000LL

/* False when the policy is not known. */
bool schedule_of(const struct attempt *a, struct schedule *ret, bool *ret_exact);

/* Retransmissions, by packets and by the kernel's count. */
int retransmissions(const struct attempt *a);

/* That instant, in ns since SYN 0, may have been the attempt's end, as far as it is known when that was. */
bool may_have_ended_at(const struct attempt *a, const struct verdict *v, int64_t instant_ns);

/*
 * The kernel's give-up, known to be one, fits the policy: the count of
 * retransmissions is the schedule's, or less where a TCP_USER_TIMEOUT ends it,
 * and it did not come early.  Late is no objection: a busy machine's timers are.
 */
bool on_schedule(const struct attempt *a, const struct verdict *v);

/*
 * Retransmissions ended it, though the schedule has TCP_USER_TIMEOUT for it: that was not over yet, since SYNs that
 * this host drops itself are sent again sooner (net/ipv4/tcp_timer.c tcp_retransmit_timer(),
 * TCP_RESOURCE_PROBE_INTERVAL); or it was set too late to cut the last wait.
 */
bool ended_by_count(const struct attempt *a, const struct verdict *v);

/* A SYN that left well before its time, because a reply that was ignored made the kernel hurry (tcp_ack()); or 0. */
int hurried_syn(const struct attempt *a);

/*
 * A SYN that this host's own queue did not take, by when the next one came, or the end; or 0 (net/ipv4/tcp_timer.c
 * tcp_retransmit_timer(), TCP_RESOURCE_PROBE_INTERVAL).  A TCP_USER_TIMEOUT may cut a wait to the same length.
 */
int refused_syn(const struct attempt *a, const struct verdict *v);

/* All SYNs were sent, one of them early for that, and then it ended as soon: the device took no more, as without
 * carrier. */
bool may_be_hastened_end(const struct attempt *a, const struct verdict *v);

/* Where the phase is not known: the earliest and the latest end of any phase.  False without a policy. */
bool end_range(const struct attempt *a, int64_t *ret_min_ns, int64_t *ret_max_ns);

/* The TCP_SYNCNT that would explain it, or 0. */
int syncnt_that_ends(const struct attempt *a, const struct verdict *v);

/* It ended when the schedule did, as far as that is known. */
bool may_be_schedules_end(const struct attempt *a, const struct verdict *v);

#endif
