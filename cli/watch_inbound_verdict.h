/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_INBOUND_VERDICT_H
#define SYNSENT_CLI_WATCH_INBOUND_VERDICT_H

#include "core/digest.h"

/*
 * What this host did with a SYN that came to it, as the digest of its packets
 * has it: established (likely, since the final ACK is not looked at: its SYN-ACK
 * was not sent again), refused, or unanswered.  `drop`: where its SYNs were
 * dropped here; NULL: not known.
 */
void watch_inbound_verdict(const struct attempt *a, const struct digest *d, const struct drop *drop,
			   struct verdict *ret);

#endif
