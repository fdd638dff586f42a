/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_BPF_LACKS_H
#define SYNSENT_SOURCES_BPF_LACKS_H

#include <stdbool.h>

/*
 * The kernel did not allow BPF: what this process lacks of CAP_BPF, CAP_NET_ADMIN and, if that is needed, CAP_PERFMON,
 * as bpf_capable() and perfmon_capable() ask (include/linux/capability.h).  "this user lacks CAP_BPF"
 */
const char *bpf_lacks(bool perfmon);

#endif
