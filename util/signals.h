/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_SIGNALS_H
#define SYNSENT_UTIL_SIGNALS_H

/* From now on SIGINT, SIGTERM and SIGHUP do not interrupt: they make the descriptor readable, which does not block and
 * is closed on exec.  A signalfd, or -errno. */
int signals_open(void);

#endif
