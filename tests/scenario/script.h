/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_SCENARIO_SCRIPT_H
#define SYNSENT_TESTS_SCENARIO_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "core/tracker.h"

/*
 * A script: events as core/event_text.h has them, with times from 0, and
 * comments, some of which direct how it is played:
 *
 *   # max_attempts N   room in the tracker (64, and at most that)
 *   # linger S         ended attempts are given S seconds after their end, and the clock goes with the events
 *                      (otherwise all are given at the end)
 *   # until S          the observation ends then (with the last event)
 */
struct script {
	struct event *events;
	size_t n;
	size_t max_attempts;
	bool has_linger;
	int64_t linger_ns;
	int64_t until_ns; /* -1: with the last event */
};

/* Reads a whole script.  0; or the number of the line that is wrong, with a static text of why. */
int script_read(const char *text, size_t len, struct script *ret, const char **ret_why);
void script_fini(struct script *s);

/* The same line by line: an empty script, and a line added to it.  NULL, or why the line is wrong; it is then left out.
 */
void script_init(struct script *s);
const char *script_add_line(struct script *s, const char *line, size_t len);

/* Plays it from `base_ns` on: 0 is "did not happen" to an attempt, so that a script's own 0 must stand for another
 * time. False when there is no memory. */
bool script_play(const struct script *s, int64_t base_ns, uint64_t seed, tracker_fn *fn, void *user,
		 struct tracker_counts *ret);

#endif
