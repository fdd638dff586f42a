/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_PROCS_H
#define SYNSENT_SOURCES_PROCS_H

#include <stdint.h>

/*
 * Which process holds a socket, as `ss -p` and `netstat -p` find it: the inode
 * of /proc/PID/fd/N.  `hint` is looked at first (0: none).  Processes of other
 * users are seen only by root.  Returns 0, or -ENOENT.
 */
int procs_socket_owner(uint32_t inode, int32_t hint, int32_t *ret_pid, char ret_comm[16]);

#endif
