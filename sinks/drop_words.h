/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_DROP_WORDS_H
#define SYNSENT_SINKS_DROP_WORDS_H

#include "core/attempt.h"
#include "util/buf.h"

/* Where a packet of that attempt was dropped, in plain words; "accept queue full" or "SYN queue full" where a listener
 * had no room. */

/* "on its way in", "on the way", "in another network namespace of this host"; static, or d's own. */
const char *drop_way(const struct attempt *a, const struct drop *d);

/* The same, and "here, " before it where it was in the attempt's own network namespace: "here, on its way in" */
void drop_where(const struct attempt *a, const struct drop *d, struct buf *to);

/* Which rule; else the kernel's reason, and where in it: ": inet fw input handle 3: tcp dport 99 drop"; or nothing */
void drop_cause(const struct drop *d, struct buf *to);

/* "a SYN-ACK came and this host did not take it: its timestamp ..."; false: it is no such drop, and nothing is added.
 */
bool drop_not_taken(const struct attempt *a, const struct drop *d, struct buf *to);

#endif
