/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NAMESPACES_H
#define SYNSENT_SOURCES_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The network namespaces of this host that some process lives in, as far as
 * /proc shows them to this user.  They are looked for when one is asked for that
 * is not known, and at most every NAMESPACES_EVERY_NS.
 */
struct namespaces;

#define NAMESPACES_EVERY_NS 1000000000LL
#define NAMESPACES_MAX 256

/* NULL when there is no memory. */
struct namespaces *namespaces_new(void);
void namespaces_free(struct namespaces *n);

/* A descriptor of the one with that inode number, or -1; it belongs to n and stays until the next call. */
int namespaces_fd(struct namespaces *n, uint32_t inode);

/* Calls fn with a descriptor of each, this one's among them, until it returns true. */
void namespaces_each(struct namespaces *n, bool (*fn)(int fd, uint32_t inode, void *user), void *user);

#endif
