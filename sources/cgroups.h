/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_CGROUPS_H
#define SYNSENT_SOURCES_CGROUPS_H

#include <stdint.h>

#include "util/err.h"

/*
 * cgroup v2's ids as paths below its mount, and the container that a path is
 * of.  A path is asked for by its id (open_by_handle_at(), which needs
 * CAP_DAC_READ_SEARCH), and remembered; one that is gone meanwhile stays known.
 */
struct cgroups;

#define CGROUP_TEXT_LEN 256
#define CONTAINER_ID_LEN 13 /* twelve digits, as `docker ps` shows them */

/* NULL when there is no memory.  Without a cgroup v2 mount nothing is found. */
struct cgroups *cgroups_new(void);
void cgroups_free(struct cgroups *c);

/* "/system.slice/docker-0a1b....scope"; "" when it is not known.  Valid until the next call. */
const char *cgroups_path(struct cgroups *c, uint64_t id);

/* A path below the mount: what is whole loses the mount. */
const char *cgroups_below(const struct cgroups *c, const char *path);

/* The id of the cgroup at a path, below the mount or whole, and how deep it lies.  0 or -errno. */
int cgroups_find(const struct cgroups *c, const char *path, uint64_t *ret_id, int *ret_level, struct err *e);

/*
 * The first twelve digits of the container's id, by the names that Docker,
 * containerd, CRI-O and Podman give to cgroups (64 hexadecimal digits, with or
 * without a prefix and ".scope"); "" for none.
 */
void cgroups_container(const char *path, char ret[CONTAINER_ID_LEN]);

#endif
