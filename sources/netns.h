/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NETNS_H
#define SYNSENT_SOURCES_NETNS_H

#include <stdint.h>

#include "util/err.h"

/* The inode number of the network namespace that this thread is in; 0: /proc does not tell. */
uint32_t netns_own(void);

/*
 * Calls fn(arg) in the network namespace of `fd`, in a thread of its own that
 * ends with it; fd -1, or that of the one that the caller is in: here.  What it
 * opens (sockets) stays in that namespace wherever it is used.  Returns what fn
 * returned, or -errno when it was not called; then e says why.
 */
int netns_call(int fd, int (*fn)(void *arg), void *arg, struct err *e);

/*
 * Calls fn(arg) in a thread of its own, which may go from one network namespace to another (setns(2)) and ends with it.
 * 0, or -errno: it was not called.
 */
int netns_apart(void (*fn)(void *arg), void *arg);

#endif
