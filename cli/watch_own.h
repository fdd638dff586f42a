/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_OWN_H
#define SYNSENT_CLI_WATCH_OWN_H

#include "cli/watch_source.h"

/* `watch` without eBPF: this network namespace, as sources/observe.h sees it.  As watch_source_*(). */
struct watch_own;

int watch_own_open(const struct watch_source_opts *o, struct watch_own **ret, struct err *e);
void watch_own_free(struct watch_own *w);

int watch_own_fds(const struct watch_own *w, struct pollfd *fds);
int watch_own_wait_ms(const struct watch_own *w);
int watch_own_pump(struct watch_own *w, struct err *e);
int watch_own_finish(struct watch_own *w, struct err *e);
void watch_own_pending(struct watch_own *w, void (*fn)(const struct attempt *a, void *user), void *user);
int64_t watch_own_now(const struct watch_own *w);
int watch_own_losses(struct watch_own *w, struct watch_summary_loss *ret);

/*
 * Attempts of this namespace that came and went between two looks, by the kernel's count: of these only the number is
 * known, and how many the kernel ended at most (TcpAttemptFails).  They are among the losses.
 */
uint64_t watch_own_unseen(struct watch_own *w, uint64_t *ret_failed);

#endif
