/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_NEIGHBOUR_H
#define SYNSENT_CLI_WATCH_NEIGHBOUR_H

#include "cli/watch_ask.h"
#include "core/attempt.h"

/*
 * Of an attempt that ended with EHOSTUNREACH, and of which no SYN was seen
 * dropped: the event that tells of that may be lost, or come later than the end.
 * The neighbour table of its network namespace tells whether the next hop answers.
 */

/* True: the table is worth a question. */
bool watch_neighbour_is_unknown(const struct attempt *a);

/* Sets silent_hop and silent_device, or leaves them. */
void watch_neighbour_look(struct watch_ask *w, struct attempt *a);

#endif
