/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_DIFF_H
#define SYNSENT_CLI_DIFF_H

#include "cli/read.h"

/* What `synsent diff` was asked. */
struct diff_opts {
	bool all, summary, json, verbose;
	const char *diagram, *svg, *since, *until, *sandbox, *color;
	uint64_t memory;
};

/* Exit status: nothing is in both captures. */
#define DIFF_NOTHING 1

#endif
