/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_EXPECT_WRONG_H
#define SYNSENT_CORE_EXPECT_WRONG_H

#include "core/expect_terms.h"

/* What is wrong in an expectation.  All fill e, with exit code 2, and return -EINVAL. */

/* "--expect: TEXT: WHAT", without a remedy. */
int expect_wrong(struct err *e, const char *what, const char *text);

/* No term has that name; the remedy is the nearest, or all. */
int expect_unknown_name(const char *name, struct err *e);

/* The clause's value is none of the term's words. */
int expect_unknown_word(const struct expect_term *t, const struct expect_clause *c, struct err *e);

#endif
