/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_WORLD_DEAF_H
#define SYNSENT_LAB_WORLD_DEAF_H

#include "lab/world.h"

/*
 * A listener at the far end's WORLD_PORT_BACKLOG_FULL whose accept queue is full: *ret_fds are the listener and the
 * connection that fills it, to be closed by the caller (-1: none).  0 or -errno.
 */
int world_listen_full(const struct world *w, int family, int ret_fds[2], struct err *e);

#endif
