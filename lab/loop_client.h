/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_LOOP_CLIENT_H
#define SYNSENT_LAB_LOOP_CLIENT_H

#include "lab/loop.h"

/*
 * Starts a client and turns until it is over (or Ctrl-C), all that it tells and
 * leaves behind included: the close of a connection that works, the kernel's
 * counts of what it gave up, a process of the program's that still waits.
 */
int loop_client(struct lab *l, const struct client_opts *o, struct err *e);

#endif
