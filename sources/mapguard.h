/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_MAPGUARD_H
#define SYNSENT_SOURCES_MAPGUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A file that is mapped may be cut by somebody while it is read: a page that is
 * no more gives SIGBUS.  A guarded map then has a page of zeros there, and says
 * that it was hit.  From any thread.  The signal goes its usual way when it is
 * about other memory.
 */
#define MAPGUARD_MAX 64

/* A handle, or -ENOSPC when there are too many.  Maps are added and removed by one thread. */
int mapguard_add(const void *base, size_t len);
void mapguard_remove(int handle);
bool mapguard_hit(int handle);

#endif
