/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_SENDER_H
#define SYNSENT_CORE_VERDICT_SENDER_H

#include "core/sender.h"
#include "core/verdict.h"

/* What an attempt's SYN schedule gives to say.  Private to core/verdict*.c. */

/* Whose SYNs they are, when no further one came until then. */
void wire_sender(const struct attempt *a, int64_t until_ns, struct sender *ret);

/* The same whatever the TTL. */
void wire_sender_of_gaps(const struct attempt *a, int64_t until_ns, struct sender *ret);

/* SYN 0 to the last SYN. */
int64_t syns_took(const struct attempt *a);

#define SENDER_SPAN_LEN 64

/* "6 SYNs over 31.4 s" */
char *say_syns(const struct attempt *a, char to[SENDER_SPAN_LEN]);

/* When the next SYN was due, since SYN 0: "7.0 s"; "2.0 or 3.0 s" where those that fit differ. */
char *say_due(const struct attempt *a, const struct sender *s, char to[SENDER_SPAN_LEN]);

/*
 * Evidence of a kernel's own clockwork in the gaps, if it is there.  Returns the
 * kinds that are left: then it is Linux.
 */
uint32_t say_wheel(const struct attempt *a, const struct sender *s, struct verdict *v, uint32_t kinds);

/* Evidence: they sent all that they do by default, and who else would look so. */
void say_spent(const struct attempt *a, const struct sender *s, struct verdict *v, uint32_t kinds);

/* Evidence: they stopped early, and who else would look so. */
void say_stopped(const struct attempt *a, const struct sender *s, struct verdict *v);

/* Evidence: what kept the schedule from being one of a known sender's defaults. */
void say_unknown(const struct attempt *a, const struct sender *s, struct verdict *v);

#endif
