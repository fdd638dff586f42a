/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_NAMES_INSIDE_H
#define SYNSENT_LAB_NAMES_INSIDE_H

#include "lab/names.h"

/* What names.c, names_rules.c, names_dns.c and names_hosts.c share; for nobody else. */

/* An address that some rule gives. */
struct names_known {
	struct addr addr;
	char name[NAME_LEN]; /* for which it was given last; "": for none yet */
};

/* The canonical name: lower case, no last dot. */
struct names_rule {
	bool below;	     /* a wildcard: every name below `name` */
	char name[NAME_LEN]; /* of "*" it is "" */
	int n;		     /* 0: the name does not exist */
	int known[NAMES_ADDRS_MAX];
};

struct names {
	bool ipv6;
	struct names_rule *rules;
	int n_rules;
	struct names_known *known;
	int n_known;
	void *tree;	  /* of the names that have a number (tsearch) */
	char **by_number; /* names of those whose addresses end in that number */
	int n;
	uint32_t last; /* the number given last */
};

#define NAMES_NUMBER_MAX 65535u

/* 0, or -EINVAL: no name of a host (empty, the root, labels empty or too long). */
int names_canonical(const char *name, char to[NAME_LEN]);

/* It is localhost or below it. */
bool names_is_localhost(const char *canonical);

/* The rule for a name, the closest of several; NULL: there is none. */
const struct names_rule *names_rule_for(const struct names *n, const char *canonical);

/* NULL: no rule gives that address. */
struct names_known *names_known_of(const struct names *n, const struct addr *a);

/* 4.3.2.1.in-addr.arpa, and the 32 digits below ip6.arpa.  False when it is neither. */
bool names_reverse(const char *canonical, struct addr *ret);

#endif
