/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_COPIES_H
#define SYNSENT_CLI_WATCH_COPIES_H

#include "cli/watch_ask.h"
#include "core/attempt.h"

/*
 * What was dropped in another network namespace, and may be a copy of the SYN that the attempt's own namespace sent
 * there (TEE, nft's dup, tc's mirred), while the SYN itself went on.
 */

/* True: a drop is in doubt. */
bool watch_copies_decides(const struct attempt *a);

/* Sets may_be_copy of those in doubt where copies are made. */
void watch_copies_doubt(struct watch_ask *w, struct attempt *a);

/* Takes those away that may be copies, when nothing else was dropped; how many, with them in ret. */
int watch_copies_take(struct attempt *a, struct drop ret[ATTEMPT_DROPS_MAX]);

/* Puts them behind what was found meanwhile. */
void watch_copies_give(struct attempt *a, const struct drop *copies, int n);

#endif
