/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_NOT_TAKEN_H
#define SYNSENT_CORE_VERDICT_NOT_TAKEN_H

#include "core/verdict.h"

/*
 * SYN-ACKs that the client's TCP answered with an RST while it waited, and went on, as packets show it: for their
 * acknowledgment (RFC 9293 section 3.10.7.3), their timestamp (core/echo.h), or what does not show here.  Private to
 * core/verdict*.c.
 */

/* Whether there was any. */
bool not_taken(const struct attempt *a);

/* Why, with the numbers, and what the client did then. */
void say_not_taken(const struct attempt *a, struct verdict *v);

/* What to look at; NULL: what it was does not show, or something else came, too. */
const char *not_taken_advice(const struct attempt *a);

#endif
