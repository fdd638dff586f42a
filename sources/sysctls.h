/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_SYSCTLS_H
#define SYNSENT_SOURCES_SYSCTLS_H

#include "core/schedule.h"
#include "util/err.h"

/*
 * The policy in force in this process's network namespace: the sysctls, HZ and
 * the kernel's version.  A sysctl that does not exist is what kernels without
 * it do (linear 0, RTO max 120 s).  Socket options are not set.  0 or -errno.
 */
int sysctls_policy(struct policy *ret, struct err *e);

/* One integer under /proc/sys/net/, as "ipv4/tcp_synack_retries".  0 or -errno (-ENOENT: no such sysctl). */
int sysctls_get(const char *name, long *ret);

/*
 * Sets it, unless this kernel has none and does that anyhow (linear 0, RTO max 120 s).  The file belongs to the network
 * namespace of the caller.
 */
int sysctls_set(const char *name, long value, struct err *e);

/* "6.18.44" and its number; the number is 0 when it cannot be read. */
uint32_t kernel_version(char *text, int len);

#endif
