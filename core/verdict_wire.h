/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_WIRE_H
#define SYNSENT_CORE_VERDICT_WIRE_H

#include "core/verdict.h"

/* What packets alone tell.  Private to core/verdict*.c. */

/* When the last SYN left; 0: not known. */
int64_t last_syn_ns(const struct attempt *a);

/* The first SYN that left after that; 0: none did, or it is not known. */
int64_t next_syn_ns(const struct attempt *a, int64_t t_ns);

/* Who gave up was not seen; the headline is "N SYNs, then ...". */
void lost_sight(const struct attempt *a, struct verdict *v, const char *then);

/* Nothing ended it before the observation did. */
void still_waiting(const struct attempt *a, struct verdict *v);

/* The client answered a good SYN-ACK with an RST, after its last SYN: no socket had waited for it. */
bool refuses_syn_ack(const struct attempt *a);

/* Of an attempt of which only packets are known, a SYN among them. */
void judge_wire(const struct attempt *a, struct verdict *v);

#endif
