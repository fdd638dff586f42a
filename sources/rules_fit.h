/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RULES_FIT_H
#define SYNSENT_SOURCES_RULES_FIT_H

#include "core/addr.h"
#include "sources/rulecounts_list.h"

/* Whether a rule can have dropped a packet, by what its text says; pure. */

enum rules_way {
	RULES_WAY_ANY, /* not known */
	RULES_WAY_IN,
	RULES_WAY_OUT,
};

enum rules_device {
	RULES_DEVICE_ANY, /* not known */
	RULES_DEVICE_LO,
	RULES_DEVICE_OTHER,
};

/* A TCP segment that was dropped: of a SYN-ACK, the server is its source. */
struct rules_case {
	struct endpoint src, dst;
	enum rule_answer answer; /* what came back */
	enum rules_way way;
	enum rules_device device; /* on that way */
	bool not_nft, not_legacy; /* whose rule it cannot have been */
	bool has_uid;
	uint32_t uid; /* of its socket's owner, as rules of its network namespace have it */
};

/*
 * False: it cannot have been this rule.  Its verdict, hook, family, protocol,
 * ports, addresses, device or owner say something else.  What is not understood, as a
 * set with a name, contradicts nothing.
 */
bool rules_fit(const struct rulecount *c, const struct rules_case *k);

#endif
