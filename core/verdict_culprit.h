/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_CULPRIT_H
#define SYNSENT_CORE_VERDICT_CULPRIT_H

#include "core/attempt.h"

/* What is to be changed, or to be looked at, where packets of an attempt were lost.  Private to core/verdict*.c. */

#define CULPRIT_LEN 160

/* What this host's kernel dropped, in whatever network namespace, or NULL; a full queue of a listener is no such thing.
 */
const struct drop *drop_on_host(const struct attempt *a);

/* It took every SYN, the one that was answered too: so the answer is its own. */
static inline bool drop_took_all_syns(const struct attempt *a, const struct drop *d)
{
	return !d->reply && d->packets >= (uint64_t)a->n_syns;
}

/* The rule, on this host, that took every SYN, and so answered itself; or NULL. */
const struct drop *drop_that_rejected(const struct attempt *a);

/* What helps a listener whose queue was full; NULL: none was. */
const char *say_full_queue(const struct attempt *a);

/* "that rule", where it is named; else how it can be; what helps where TCP did not take the answer; "what dropped its
 * packets", where it was neither. */
const char *say_culprit(const struct drop *d, char to[CULPRIT_LEN]);

/*
 * Of one without a usable answer, what keeps it from getting one, or shows that: "that rule", "whatever loses SYNs or
 * answers, which a capture ..."; NULL where what is known does not tell.
 */
const char *say_what_loses(const struct attempt *a, char to[CULPRIT_LEN]);

#endif
