/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_SUMMARY_SCENES_H
#define SYNSENT_TESTS_SUMMARY_SCENES_H

#include "sinks/summary.h"

/* Attempts as captures have them, for the tests of what is said of them. */

struct scene {
	const char *name;
	void (*play)(struct summary *s, struct summary_facts *f);
};

extern const struct scene scenes[];

/* A deterministic generator: the same numbers each time. */
uint64_t scene_random(uint64_t *state);

struct endpoint scene_endpoint(const char *text);

#endif
