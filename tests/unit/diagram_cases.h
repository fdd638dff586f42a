/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_DIAGRAM_CASES_H
#define SYNSENT_TESTS_UNIT_DIAGRAM_CASES_H

#include "core/story.h"

/* Attempts written by hand. */

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1700000000 * S)

/* What a case makes. */
extern struct attempt a;
extern struct verdict v;

struct diagram_case {
	const char *name;
	void (*make)(void);
	bool svg;
};

extern const struct diagram_case cases[];
extern const size_t n_cases;

/* An attempt of a client on this host, with the classic policy and `n` SYNs as measured at HZ 250. */
void begin(int n);
void ended(int64_t elapsed_ns, enum outcome o, enum gave_up_by g, int error, const char *headline);
struct drop *dropped(enum drop_place place, uint64_t packets, const char *rule);
void case_drop(void);
void case_abandon(void);
void case_wrong_ack(void);
void case_syns_255(void);

#endif
