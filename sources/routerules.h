/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_ROUTERULES_H
#define SYNSENT_SOURCES_ROUTERULES_H

#include <stdbool.h>

#include "util/bytes.h"

/*
 * A rule of this network namespace's policy routing (`ip rule`) asks for more than a question about the route to a
 * server's address and port says (sources/route.h): for a source, a mark, the user, or the device by which a packet
 * came.  False also when it is not known.
 */
bool routerules_ask_more(int family);

/* The same of one rule: the payload of RTM_NEWRULE.  Pure. */
bool routerules_parse(struct bytes payload);

#endif
