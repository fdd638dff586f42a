/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NAMESPACES_H
#define SYNSENT_SOURCES_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

/*
 * The network namespaces of this host, as far as /proc shows them to this user:
 * those that a process lives in or that are mounted (`ip netns`), and those that
 * only a descriptor of some process holds.  Not found is one that nothing but
 * its sockets holds, or a thread that is not its process's first, or a mount in
 * another mount namespace.
 *
 * The first two kinds are looked for when one is asked for that is not known,
 * at most every NAMESPACES_EVERY_NS; the third when it is not among them, at most
 * every NAMESPACES_DEEP_EVERY_NS and for NAMESPACES_DEEP_NS (about 100,000
 * descriptors).  Only paths are kept: a namespace is not kept alive, but by who
 * has opened it.
 */
struct namespaces;

#define NAMESPACES_EVERY_NS 1000000000LL
#define NAMESPACES_DEEP_EVERY_NS 10000000000LL
#define NAMESPACES_DEEP_NS 200000000LL
#define NAMESPACES_MAX 256 /* of the first two kinds, and as many of the third */

/* NULL when there is no memory. */
struct namespaces *namespaces_new(void);
void namespaces_free(struct namespaces *n);

/* A descriptor of the one with that inode number, which the caller closes; -1: it is not found. */
int namespaces_open(struct namespaces *n, uint32_t inode);

/*
 * Calls fn(arg) in the one with that inode number, as netns_call() does; 0, and this one's own number, is here. Returns
 * what fn returned, or -errno when it was not called: -ENOENT, it is not found.
 */
int namespaces_call(struct namespaces *n, uint32_t inode, int (*fn)(void *arg), void *arg, struct err *e);

/*
 * Calls fn with a descriptor of each, this one's among them, until it returns true; those that only a descriptor holds
 * come last.  Valid for the call.
 */
void namespaces_each(struct namespaces *n, bool (*fn)(int fd, uint32_t inode, void *user), void *user);

#endif
