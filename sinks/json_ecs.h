/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_JSON_ECS_H
#define SYNSENT_SINKS_JSON_ECS_H

#include "core/event.h"
#include "sinks/json.h"

/* Keys and values as OpenTelemetry and ECS have them. */

/* RFC 3339 */
void json_ecs_time(struct json *j, const char *key, int64_t t_ns);

/* {"address": ..., "port": ...}; what is not known is left out, and so is the key when nothing is. */
void json_ecs_endpoint(struct json *j, const char *key, const struct endpoint *e);

/* The same with "domain", a name; NULL: not known. */
void json_ecs_named(struct json *j, const char *key, const struct endpoint *e, const char *domain);

/* "process": pid and executable.name, as far as they are known (0, ""); comm need not end with a NUL. */
void json_ecs_process(struct json *j, int32_t pid, const char comm[16]);

/* "network": transport and type, and direction ("inbound"; NULL: not told) */
void json_ecs_network(struct json *j, const struct flow *f, const char *direction);

#endif
