/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_MISSING_H
#define SYNSENT_CORE_PAIRING_MISSING_H

#include <stddef.h>

#include "core/pairing.h"

/* What one capture lacks, in words: that it died, where that is sure, else only that it is not there. */

#define PAIR_MISSING_LEN 200

/*
 * Of the packets of that kind that died: "SYN 0 and 1 died on the way to the
 * server", or "SYN 0 and 1 are not in the server's capture, which may not have
 * run then"; why it is not sure is said once of each capture.  "" when there are none.
 */
char *pair_missing(const struct pair_report *r, enum pairing_kind kind, char to[PAIR_MISSING_LEN]);

/* Why what that capture lacks may have passed it: ", which may not have run then"; "" when nothing tells. */
const char *pair_doubt(const struct pair_report *r, bool server);

#endif
