/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/routerules.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "sources/rtask.h"

/* Most packets have no mark, and a rule for those without a certain one is for all of these. */
static bool asks_more(uint16_t type, const struct fib_rule_hdr *is)
{
	switch (type) {
	case FRA_SRC:
	case FRA_IIFNAME:
	case FRA_TUN_ID:
	case FRA_UID_RANGE:
	case FRA_SPORT_RANGE:
		return true;
	case FRA_FWMARK:
		return !(is->flags & FIB_RULE_INVERT);
	default:
		return false;
	}
}

bool routerules_parse(struct bytes payload)
{
	struct fib_rule_hdr is;
	struct bytes value;
	bool more = false;
	uint16_t type;

	if (!bytes_copy(&payload, &is, sizeof(is)))
		return false;
	while (nlget_attr(&payload, &type, &value))
		more |= asks_more(type, &is);
	return more || is.tos;
}

static void take(const struct nlget *m, void *user)
{
	bool *more = user;

	*more |= m->type == RTM_NEWRULE && routerules_parse(m->payload);
}

bool routerules_ask_more(int family)
{
	const struct fib_rule_hdr all = { .family = family == 6 ? AF_INET6 : AF_INET };
	bool more = false;

	rtask(RTM_GETRULE, NLM_F_DUMP, &all, sizeof(all), take, &more);
	return more;
}
