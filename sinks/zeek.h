/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_ZEEK_H
#define SYNSENT_SINKS_ZEEK_H

#include "core/verdict.h"

/*
 * The attempt in the words of Zeek's conn.log (conn_state; base/protocols/conn/main.zeek),
 * for those who join the two.  It is what Zeek says of the same packets, so it
 * may differ from the verdict: Zeek believes a SYN-ACK or RST that the client
 * ignored for its ack number or never got for a rule, and does not count ICMP.
 * Where no packet was seen it follows the outcome.  NULL: nothing for Zeek to see.
 */
const char *zeek_conn_state(const struct attempt *a, const struct verdict *v);

#endif
