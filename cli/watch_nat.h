/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_NAT_H
#define SYNSENT_CLI_WATCH_NAT_H

#include "cli/watch_ask.h"
#include "cli/watch_source.h"
#include "core/attempt.h"

/*
 * An attempt that had no answer, and that NAT of its network namespace sends to another place than its program asked
 * for: sets sent_to, and adds what was dropped of it behind the NAT, where it has other addresses.  *ret_as is its
 * flow there.  False: NAT leaves it as it is, or that is not known.
 */
bool watch_nat_look(struct watch_ask *w, struct watch_source *s, struct attempt *a, struct flow *ret_as);

/*
 * An RST refused it, and whether that came from where NAT had sent it the trace does not tell: may_be_sent_on is to be
 * asked for, and set so where too much was asked in this second.
 */
bool watch_nat_decides(const struct watch_source *s, const struct attempt *a);
void watch_nat_doubt(struct watch_ask *w, struct attempt *a);

#endif
