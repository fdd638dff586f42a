/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_TRIED_WORDS_H
#define SYNSENT_TESTS_UNIT_TRIED_WORDS_H

#include "core/logical.h"
#include "util/duration.h"

/* What attempts in tests of core/logical.h are made of.  Include it after cmocka. */

#define START 1767323045000000006
#define MS NS_PER_MS

#define EST OUTCOME_ESTABLISHED
#define REF OUTCOME_REFUSED
#define TIM OUTCOME_TIMED_OUT
#define ABA OUTCOME_ABANDONED
#define PEN OUTCOME_PENDING

#define V6 "[2001:db8::1]:80"
#define V4 "198.18.0.1:80"

static inline struct endpoint server(const char *text)
{
	struct endpoint e;

	assert_int_equal(endpoint_parse(text, &e), 0);
	return e;
}

#endif
