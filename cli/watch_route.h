/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_ROUTE_H
#define SYNSENT_CLI_WATCH_ROUTE_H

#include "cli/watch_ask.h"
#include "core/attempt.h"
#include "sources/route.h"

/* Whether a route may have made that connect() fail at once: a program gives the same errors. */
bool watch_route_decides(const struct attempt *a);

/* Fills route_asked and what belongs to it, by the routes of its network namespace now. */
void watch_route_look(struct watch_ask *w, struct attempt *a);

/* The same, by what they said. */
void watch_route_take(const struct route_answer *is, struct attempt *a);

#endif
