/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_SPAWN_H
#define SYNSENT_UTIL_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/err.h"

struct spawn {
	const char *const *argv; /* argv[0] is a path, or a name for spawn_find(); NULL-terminated */
	const char *input;	 /* text for its stdin; NULL: /dev/null */
	int64_t timeout_ns;	 /* it is killed after that; must be above 0 */
	void (*in_child)(void);	 /* called in the child just before exec; may be NULL */
	size_t output_max;	 /* of stdout and of stderr; 0: SPAWN_OUTPUT_MAX */
};

struct spawn_result {
	int status;	/* its exit status, or 128 + N when signal N ended it */
	bool timed_out; /* it was killed at the deadline */
	bool cut;	/* it wrote more than output_max */
	struct buf out; /* what it wrote to stdout and stderr, each at most output_max bytes */
	struct buf err;
};

#define SPAWN_OUTPUT_MAX (4U << 20)

/*
 * Runs a program to its end.  0 when it ran, whatever its status; -ENOENT when
 * there is no such program; other -errno when it could not be started or its
 * status is unknown.  The result needs spawn_result_fini() in every case.
 */
int spawn_run(const struct spawn *s, struct spawn_result *ret, struct err *e);
void spawn_result_fini(struct spawn_result *r);

/*
 * Looks a program up in PATH, then in the directories for administrators, which
 * an ordinary user's PATH lacks on Debian.  Writes its path; false: not found.
 */
bool spawn_find(const char *name, char *to, size_t len);

#endif
