/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_SCENARIO_DUMP_H
#define SYNSENT_TESTS_SCENARIO_DUMP_H

#include "script.h"
#include "util/buf.h"

/* Plays a script and tells what came out, for people to read: each attempt with its verdict and its story's rows, in
 * the order in which the tracker gave them, and the counts.  False when there is no memory. */
bool dump_script(const struct script *s, uint64_t seed, struct buf *to);

#endif
