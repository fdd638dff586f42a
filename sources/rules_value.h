/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RULES_VALUE_H
#define SYNSENT_SOURCES_RULES_VALUE_H

#include "sources/rules_fit.h"

/* The words of a rule's text, and whether a value among them is that of a packet; pure.  Private to sources/rules_fit.c
 * and sources/rules_value.c. */

enum truth {
	NO,
	YES,
	UNKNOWN,
};

/* A part of the rule's text. */
struct word {
	const char *at;
	size_t len;
};

enum field {
	FIELD_SPORT,
	FIELD_DPORT,
	FIELD_SADDR,
	FIELD_DADDR,
	FIELD_PROTOCOL,
	FIELD_FAMILY,
	FIELD_IN,
	FIELD_OUT,
	FIELD_UID,
};

/* The next word; what stands in quotes or braces is one.  False: there is none. */
bool word_next(const char **at, struct word *w);

bool word_is(const struct word *w, const char *text);
bool word_is_one_of(const struct word *w, const char *const *texts); /* NULL ends them */

/* A protocol's name, and not TCP's. */
bool word_is_other_protocol(const struct word *w);

/* "ip", "ipv6" and so on, as a family of 4 or 6. */
enum truth value_is_family(const char *text, int family);

/* One value or range, or several with commas between, in braces or not. */
enum truth value_is(enum field f, struct word w, const struct rules_case *k);

/* "tcp dport > 1024": '<' or '>', "or equal", and a number. */
enum truth value_is_beyond(enum field f, char sign, bool equal, const struct word *w, const struct rules_case *k);

#endif
