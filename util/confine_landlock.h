/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_CONFINE_LANDLOCK_H
#define SYNSENT_UTIL_CONFINE_LANDLOCK_H

#include <stdint.h>

/*
 * A Landlock ruleset that handles every right and allows none.  It governs what
 * is opened from then on; descriptors that are open keep what they could do.
 *
 * Source: include/uapi/linux/landlock.h, Documentation/userspace-api/landlock.rst.
 * Installed headers are often older than the kernel, so the numbers are here.
 */

/* The layout of struct landlock_ruleset_attr; kernels before ABI 4 or 6 take the later words as long as they are 0. */
struct confine_rights {
	uint64_t fs;	 /* handled_access_fs */
	uint64_t net;	 /* handled_access_net, since ABI 4 */
	uint64_t scoped; /* since ABI 6 */
};

#define CONFINE_LANDLOCK_ABI_KNOWN 10 /* Linux 7.2; a later ABI is used as if it were this one */

/* The ABI of the running kernel, 1 or more; -ENOSYS without Landlock, -EOPNOTSUPP when it is not enabled (lsm=). */
int confine_landlock_abi(void);

/* Every right that this ABI can handle. */
struct confine_rights confine_landlock_rights(int abi);

/* Denies them to the calling thread and those that it starts.  Needs no_new_privs.  0 or -errno. */
int confine_landlock(int abi);

#endif
