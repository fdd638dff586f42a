/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_LOCAL_H
#define SYNSENT_CORE_VERDICT_LOCAL_H

#include "core/addr.h"
#include "core/attempt.h"
#include "core/verdict.h"

#define ROUTE_COMMAND_LEN (ADDR_TEXT_LEN + 16)

/* What tells this host's route to the server: "`ip route get 10.0.0.1`". */
const char *route_command(const struct attempt *a, char to[ROUTE_COMMAND_LEN]);

/*
 * connect() failed on this host, before a SYN, with v->error.  A route gives such
 * an error, and so does a program that refuses the call (of a cgroup, seccomp, a
 * security module): where the kernel's tracepoints told of it, a route is blamed
 * for certain only when the routes, asked afterwards, refuse in the same way, and
 * a want of source ports only when the socket was seen where one is looked for.
 */
void failed_locally(const struct attempt *a, struct verdict *v);

#endif
