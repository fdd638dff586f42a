/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RTASK_H
#define SYNSENT_SOURCES_RTASK_H

#include <stddef.h>
#include <stdint.h>

#include "sources/nlget.h"
#include "sources/nlput.h"

typedef void rtask_fn(const struct nlget *m, void *user);

/*
 * Asks rtnetlink, in this thread's network namespace, and calls fn for each
 * message of the answer.  `header` is the request's (ifinfomsg, tcmsg, ...), and
 * flags are NLM_F_DUMP for many, 0 for one.  0 or -errno.
 */
int rtask(uint16_t type, uint16_t flags, const void *header, size_t len, rtask_fn *fn, void *user);

/*
 * The same with a whole request, which has NLM_F_REQUEST, to that protocol of netlink (NETLINK_ROUTE,
 * NETLINK_NETFILTER); `dump` as it has NLM_F_DUMP.
 */
int rtask_message(int protocol, const struct nlput *request, bool dump, rtask_fn *fn, void *user);

#endif
