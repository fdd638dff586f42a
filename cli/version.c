/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/version.h"

#include "lab/fast.h"
#include "sources/live.h"

/* Why a build is without eBPF; the build says so here. */
#ifndef SYNSENT_BPF_MISSING
#define SYNSENT_BPF_MISSING ""
#endif

void version_print(FILE *to)
{
	fprintf(to, "synsent %s\n", SYNSENT_VERSION);
	fprintf(to, "%s\n", live_library());
	fprintf(to, "built %s%s\n", fast_built(), SYNSENT_BPF_MISSING);
}
