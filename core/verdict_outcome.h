/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_OUTCOME_H
#define SYNSENT_CORE_VERDICT_OUTCOME_H

#include "core/verdict.h"

/* Each outcome's words, once it is settled which it is.  Private to core/verdict*.c. */

/* By the schedule, as far as it is known. */
void kernel_gave_up(const struct attempt *a, struct verdict *v, enum confidence c);

/* The kernel said that it did: by the schedule, for want of a neighbour, or by a limit of the program's own. */
void kernel_timed_out(const struct attempt *a, struct verdict *v);

void application_gave_up(const struct attempt *a, struct verdict *v, enum confidence c);
/* When it was connected: its ACK, or what made it so, or when it was found to be, at the latest; 0: not known. */
int64_t connected_at_ns(const struct attempt *a);
void established(const struct attempt *a, struct verdict *v, enum confidence c);
/* It connected, and connect() told of the RST that came then: ECONNRESET. */
void established_and_reset(const struct attempt *a, struct verdict *v);

/* SOCK_DESTROY, as `ss -K` does it. */
void destroyed(struct verdict *v);

/* connect() failed with an errno that an ICMP could have made, but none was seen. */
void failed_without_icmp(const struct attempt *a, struct verdict *v);

#endif
