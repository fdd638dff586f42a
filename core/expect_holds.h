/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_EXPECT_HOLDS_H
#define SYNSENT_CORE_EXPECT_HOLDS_H

#include "core/expect.h"

/* What a clause is held against. */
struct expect_value {
	int64_t n;
	bool none;    /* it has none: the exit status of what a signal ended */
	bool pending; /* a duration that is not over */
	const struct addr *addr;
	const char *text;
	size_t text_max; /* of a longer one so many bytes were kept */
};

bool expect_holds(const struct expect_clause *c, const struct expect_value *v);

#endif
