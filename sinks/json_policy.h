/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_JSON_POLICY_H
#define SYNSENT_SINKS_JSON_POLICY_H

#include "core/schedule.h"
#include "sinks/json.h"

/* "policy": {"retries": 6, "linear": 4, ...}; what a socket did not ask for is left out. */
void json_policy(struct json *j, const struct policy *p);

#endif
