/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_CHECK_H
#define SYNSENT_CLI_WATCH_CHECK_H

#include "cli/watch_want.h"
#include "util/err.h"

/* A process to filter for that does not exist: nothing would ever be shown.  0, or -ESRCH with e filled. */
int watch_check_pids(const struct watch_want *w, struct err *e);

/* Says on stderr which container to filter for is not here yet: it may begin still. */
void watch_check_containers(const struct watch_want *w);

/*
 * Of the filters the one that asks for what eBPF alone tells: the option's name, and in *ret_otherwise what can be done
 * without it.  NULL: there is none.
 */
const char *watch_check_needs_bpf(const struct watch_want *w, const char **ret_otherwise);

#endif
