/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_BPF_LACKS_H
#define SYNSENT_SOURCES_BPF_LACKS_H

#include <stdbool.h>

/*
 * The kernel did not allow BPF: what this process lacks of CAP_BPF, CAP_NET_ADMIN and, if that is needed, CAP_PERFMON,
 * as bpf_capable() and perfmon_capable() ask (include/linux/capability.h).  "this user lacks CAP_BPF"
 */
const char *bpf_lacks(bool perfmon);

/* Whether code, an errno of bpf(2), says so: the verifier says EACCES to root, too. */
bool bpf_lacks_privilege(int code);

/* The kernel's type information is in /sys, and that is not mounted here: whether there is some is not known. */
bool bpf_lacks_sysfs(void);

#define BPF_SYSFS_WHY "/sys is not mounted here, and in it is this kernel's type information (BTF)"
#define BPF_SYSFS_REMEDY "mount -t sysfs sysfs /sys"

#endif
