/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_EVENTS_H
#define SYNSENT_CLI_READ_EVENTS_H

#include "core/attempt.h"
#include "sources/capture.h"

/* A file of events, as --events writes it: played through the tracker that made attempts of them when they were live.
 */
struct read_events_opts {
	const char *path;
	size_t memory;
	uint64_t seed;
	void (*on_attempt)(const struct attempt *a, void *user);
	void *user;
};

struct read_events_result {
	uint64_t packets, duplicates, evicted, lost;
	int64_t first_ns, last_ns; /* of its events; both 0: there is none */
	uint64_t bad_lines;
};

/* 0, or -errno with e filled: a line that is none, the first of them, or an error of reading; all else was played. */
int read_events(struct capture *c, const struct read_events_opts *o, struct read_events_result *ret, struct err *e);

#endif
