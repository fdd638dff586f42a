/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NAMESPACES_LOOK_H
#define SYNSENT_SOURCES_NAMESPACES_LOOK_H

#include <stdbool.h>
#include <stdint.h>

/* What holds network namespaces: fn is given the inode number of each, and a path that opens it; of some several. */
typedef void namespaces_look_fn(uint32_t inode, const char *path, void *user);

/* Those that a process's first thread is in.  A look at each process. */
void namespaces_of_processes(namespaces_look_fn *fn, void *user);

/* Those that are mounted, as `ip netns add` and container engines do it, in this process's mount namespace. */
void namespaces_of_mounts(namespaces_look_fn *fn, void *user);

/*
 * Those of which a process has a descriptor.  A look at each descriptor of the host, about 1 us, so
 * it stops at `until_ns` (CLOCK_MONOTONIC); false: then not all were looked at.
 */
bool namespaces_of_descriptors(int64_t until_ns, namespaces_look_fn *fn, void *user);

#endif
