/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_REMARKS_H
#define SYNSENT_CORE_VERDICT_REMARKS_H

#include "core/verdict.h"

/* What else the packets of an attempt show, whatever came of it.  Private to core/verdict*.c. */

/* Evidence of TCP Fast Open, a wrong checksum, SYN-ACKs sent again, an RST of another origin. */
void wire_remarks(const struct attempt *a, struct verdict *v);

/* ... of SYNs that crossed, where the socket told of it. */
void say_crossed(struct verdict *v);

/* Evidence of a SYN that left later than connect() was called, as the kernel's tracepoints tell. */
void say_deferral(const struct attempt *a, struct verdict *v);

/* Evidence that the kernel connected it by itself. */
void say_worker(const struct attempt *a, struct verdict *v);

/* Evidence of a SYN that waited in a queue. */
void say_queued(const struct attempt *a, struct verdict *v);

/* A SYN-ACK that acknowledges the SYN, whether or not it came in time; NULL: none was seen. */
const struct reply *fitting_syn_ack(const struct attempt *a);

/* How often the server sent its SYN-ACK again after the ACK, other than for SYNs of before it. */
int syn_acks_after_ack(const struct attempt *a);

/* It came with another TTL than the server's SYN-ACK: from a middlebox, likely. */
bool is_of_other_origin(const struct attempt *a, int64_t rst_ns, uint8_t rst_ttl);

#endif
