/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/version.h"

/* Of all the commands' files this one alone includes pcap.h, and no libbpf header: both define struct bpf_insn. */
#include <pcap/pcap.h>

void version_print(FILE *to)
{
	fprintf(to, "synsent %s\n", SYNSENT_VERSION);
	fprintf(to, "%s\n", pcap_lib_version());
}
