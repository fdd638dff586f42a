/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/version.h"

/* Of the commands' files this one alone includes pcap.h, and no libbpf header: both define struct bpf_insn. */
#include <pcap/pcap.h>

#include "lab/fast.h"

/* Why a build is without eBPF; the build says so here. */
#ifndef SYNSENT_BPF_MISSING
#define SYNSENT_BPF_MISSING ""
#endif

void version_print(FILE *to)
{
	fprintf(to, "synsent %s\n", SYNSENT_VERSION);
	fprintf(to, "%s\n", pcap_lib_version());
	fprintf(to, "built %s%s\n", fast_built(), SYNSENT_BPF_MISSING);
}
