/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/json_ecs.h"

#include <string.h>

#include "sinks/rfc3339.h"

void json_ecs_time(struct json *j, const char *key, int64_t t_ns)
{
	char text[RFC3339_LEN];

	json_key_string(j, key, rfc3339(t_ns, text));
}

void json_ecs_endpoint(struct json *j, const char *key, const struct endpoint *e)
{
	json_ecs_named(j, key, e, NULL);
}

void json_ecs_named(struct json *j, const char *key, const struct endpoint *e, const char *domain)
{
	char text[ADDR_TEXT_LEN];
	bool any = addr_is_any(&e->addr);

	if (any && !e->port)
		return;
	json_key(j, key);
	json_begin_object(j);
	if (!any)
		json_key_string(j, "address", addr_format(&e->addr, text));
	if (e->port)
		json_key_int(j, "port", e->port);
	json_key_string(j, "domain", domain);
	json_end(j);
}

void json_ecs_network(struct json *j, const struct flow *f, const char *direction)
{
	int family = f->server.addr.family ? f->server.addr.family : f->client.addr.family;

	json_key(j, "network");
	json_begin_object(j);
	json_key_string(j, "transport", "tcp");
	json_key_string(j, "type", family == 4 ? "ipv4" : family == 6 ? "ipv6" : NULL);
	json_key_string(j, "direction", direction);
	json_end(j);
}

#define COMM_LEN 16 /* TASK_COMM_LEN */

void json_ecs_process(struct json *j, int32_t pid, const char comm[COMM_LEN])
{
	char name[COMM_LEN + 1] = { 0 };

	memcpy(name, comm, COMM_LEN);
	if (pid <= 0 && !*name)
		return;
	json_key(j, "process");
	json_begin_object(j);
	if (pid > 0)
		json_key_int(j, "pid", pid);
	if (*name) {
		json_key(j, "executable");
		json_begin_object(j);
		json_key_string(j, "name", name);
		json_end(j);
	}
	json_end(j);
}
