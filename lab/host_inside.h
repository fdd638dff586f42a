/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_HOST_INSIDE_H
#define SYNSENT_LAB_HOST_INSIDE_H

#include "lab/host.h"
#include "util/err.h"

/* What lab/host's files share. */

/* Notes how a trial went: r is 0 or -errno; of e, filled where it failed, the first line of the remedy is kept. */
void host_note(struct host *h, enum host_trial_kind k, int r, const struct err *e);

/* The same, and empties e for the next trial. */
void host_note_next(struct host *h, enum host_trial_kind k, int r, struct err *e);

/*
 * Where the kernel refused for want of capabilities (r is -EPERM or -EACCES) e says instead which of `mask` this
 * process lacks; if it has them all, e stays as it is: they are over a user namespace only.  Returns r.
 */
int host_lacks(const struct host *h, uint64_t mask, int r, struct err *e);

/* lab/host_box.c: those that need a sandbox.  `h` lies in memory that is shared with child processes. */
void host_try_box(struct host *h);

/* lab/host_btf.c, or host_btf_off.c where eBPF is not built in: BTF, tracepoints, HOST_TRACING. */
void host_try_tracing(struct host *h);

#endif
