/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_PROGRAM_WORLD_H
#define SYNSENT_LAB_PROGRAM_WORLD_H

#include "lab/program.h"
#include "util/buf.h"

/*
 * What a program sees of the file system that is not the host's.  Called in a
 * mount namespace that is new; nothing of it is seen outside.  What cannot be
 * done (no such file, no permission) is left as the host has it: the world
 * works without, if less well: the far end answers DNS too.
 */

/* Puts the texts in the place of /etc's files, and hides nscd, whose answers would come from the host. */
void program_world_files(const struct program_opts *o);

/*
 * At most PROGRAM_TASKS_MAX processes and threads in this PID namespace, its own pid_max (Linux 6.14), so that a fork
 * bomb without a time limit leaves the host room.  Before 6.14 there is one pid_max for all, which is left alone.
 */
#define PROGRAM_TASKS_MAX 4096
void program_world_bound(void);

/* A /proc of the program's own PID namespace. */
void program_world_proc(void);

/* nsswitch.conf (NULL: none) with "hosts: files dns": other modules ask the host's daemons through sockets. */
void program_world_nsswitch(const char *host_file, struct buf *to);

#endif
