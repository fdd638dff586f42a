/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_ATTEMPT_JSON_H
#define SYNSENT_SINKS_ATTEMPT_JSON_H

#include "core/verdict.h"
#include "util/buf.h"

struct attempt_json_opts {
	bool scaled;	       /* of a fast lab: adds "scaled": true to synsent */
	const char *source;    /* "lab", "connect", ...: event.provider is "synsent", event.dataset this */
	const char *scenario;  /* lab's scenario, NULL: none */
	const char *name;      /* by which the server's address was looked up; NULL: not known */
	bool inbound;	       /* it came to this host */
	const char *container; /* the id of the process's container; "" or NULL: none */
	const char *cgroup;    /* its cgroup's path; "" or NULL: not known */
	const char *file;      /* the capture that has SYN 0; NULL: none */
};

/*
 * Adds one attempt as one line of NDJSON, newline included, as docs/attempt.schema.json has it.
 */
void attempt_json(const struct attempt *a, const struct verdict *v, const struct attempt_json_opts *o, struct buf *to);

#endif
