/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NETPROGS_PARSE_H
#define SYNSENT_SOURCES_NETPROGS_PARSE_H

#include "sources/netprogs.h"
#include "util/bytes.h"

/* What rtnetlink tells of them; pure.  Names of programs are not in it, but for those that tc gave. */

/* The payload of an RTM_NEWLINK: device gets its name, fn each XDP program.  False: it was none. */
bool netprogs_of_link(struct bytes payload, char device[16], netprogs_fn *fn, void *user);

/* The payload of an RTM_NEWTFILTER.  True: it is a program, or a filter that drops; *ret is it, but for egress and
 * device. */
bool netprogs_of_filter(struct bytes payload, struct netprog *ret);

#endif
