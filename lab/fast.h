/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FAST_H
#define SYNSENT_LAB_FAST_H

#include <stdbool.h>

#include "util/err.h"

/*
 * Fast labs: a sock_ops program answers BPF_SOCK_OPS_TIMEOUT_INIT (the first
 * RTO) with a few jiffies, for sockets of this process's network namespace
 * only.  It hangs on the cgroup that this process is in, by a bpf_link that
 * dies with the last descriptor, and it tells the lab's sockets by their
 * network namespace's cookie.  A cgroup of the lab's own would outlive SIGKILL.
 */
struct fast;

/* rto_j: the first RTO in jiffies, at least 3 (below, SYN counts differ from real time's).
 * -EPERM, -ENOSYS (built without eBPF), ...: e says what is missing and e->exit_code is 77. */
int fast_start(int rto_j, struct fast **ret, struct err *e);
void fast_free(struct fast *f);

/* Built in, and with what: for `synsent --version`. */
const char *fast_built(void);

#endif
