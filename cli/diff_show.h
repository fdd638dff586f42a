/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_DIFF_SHOW_H
#define SYNSENT_CLI_DIFF_SHOW_H

#include "cli/diff.h"
#include "sinks/diff.h"
#include "util/outfile.h"

/* What `synsent diff` prints of two captures that were compared. */
struct diff_show_opts {
	const struct diff_opts *o;
	const struct terminal *terminal;
	struct outfile *svg;	   /* --svg; NULL: none */
	const char *filter;	   /* only attempts that it chose; NULL: all */
	struct diff_side sides[2]; /* as they were named */
};

/* 0, DIFF_NOTHING when they have no attempt in common, or another exit status with e filled. */
int diff_show(const struct pairing *p, const struct diff_show_opts *o, struct err *e);

#endif
