/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_SHOW_H
#define SYNSENT_CLI_SHOW_H

#include "cli/terminal.h"
#include "core/story.h"
#include "core/verdict.h"
#include "util/outfile.h"

/* What the commands that watch one attempt print of it, on stdout. */

/* The verdict with its evidence; `scaled` (may be NULL) as in sinks/text.h. */
void show_verdict(const struct attempt *a, const struct verdict *v, const struct attempt *scaled,
		  const struct terminal *t);

/* Predicted against observed, SYN by SYN; `scaled` as in sinks/text.h. */
void show_table(const struct attempt *a, const struct verdict *v, const struct attempt *scaled);

/* The sequence diagram. */
void show_diagram(const struct story *s, const struct terminal *t);

/* The same as SVG, into a file that is then closed, or aborted.  0 or -errno. */
int show_svg(const struct story *s, struct outfile *svg, struct err *e);

#endif
