/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_SILENCE_H
#define SYNSENT_CORE_VERDICT_SILENCE_H

#include "core/sender.h"
#include "core/verdict.h"

/* Who gave up, where SYNs just stop: by whose schedule it is.  Private to core/verdict*.c. */

/* It is settled that no further SYN comes, and no reply ended it. */
void judge_silence(const struct attempt *a, const struct sender *s, struct verdict *v);

/* The client's RST to a late SYN-ACK says that no socket waited any more by then. */
void judge_client_rst(const struct attempt *a, const struct sender *s, struct verdict *v);

/*
 * When the next SYN was due, in ns since SYN 0 and nominal, in an attempt of
 * which only packets are known and which judge_silence() found to be over: by
 * then nobody waited any more.  0: not known.
 */
int64_t silent_end_ns(const struct attempt *a, const struct verdict *v);

#endif
