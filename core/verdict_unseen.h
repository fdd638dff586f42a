/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_UNSEEN_H
#define SYNSENT_CORE_VERDICT_UNSEEN_H

#include "core/attempt.h"
#include "core/verdict.h"

/* Ends that an answer may have brought which could not be seen.  Private to core/verdict*.c. */

/*
 * What might have ended the attempt was seen.  Where no SYN leaves, an ICMP error comes from this host itself, perhaps
 * by an interface that is not looked at.
 */
bool sees_all(const struct attempt *a);

/* Neither packets nor tracepoints tell all, and its socket does not tell that it was the program. */
bool may_be_answered(const struct attempt *a);

/* Of a socket that several processes had: whose end, or close(), was the last is not known.  Says so, and returns true.
 */
bool say_several_holders(const struct attempt *a, struct verdict *v);

/*
 * Of one that was glimpsed (core/attempt.h): only what is tied to its own socket makes a verdict certain, for a packet
 * need not have come to it, and what the kernel counted, or who held it, may be another's.
 */
void lower_unproven(const struct attempt *a, struct verdict *v);

/* Nothing tells. */
void nobody_known(struct verdict *v);

/* Of such a one: by what is known of its socket, and of ICMP errors that were counted. */
void judge_unseen_answer(const struct attempt *a, struct verdict *v);

#endif
