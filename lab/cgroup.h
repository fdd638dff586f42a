/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_CGROUP_H
#define SYNSENT_LAB_CGROUP_H

#include <limits.h>

#include "util/err.h"

#define CGROUP_PATH_LEN PATH_MAX

/* The directory of the cgroup v2 that this process is in, wherever that hierarchy is mounted.  -ENOENT: it is not. */
int cgroup_own_path(char to[CGROUP_PATH_LEN]);

/* Opens that directory; `who` needs it ("--fast"), for the error.  The descriptor, or -errno with e filled, its status
 * 77 and what to do. */
int cgroup_own_open(char ret_path[CGROUP_PATH_LEN], const char *who, struct err *e);

/*
 * The pure half: the same out of the texts of /proc/self/cgroup and
 * /proc/self/mountinfo (cgroups(7), proc_pid_mountinfo(5)).
 */
int cgroup_path_of(const char *cgroup, const char *mountinfo, char to[CGROUP_PATH_LEN]);

#endif
