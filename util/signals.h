/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_SIGNALS_H
#define SYNSENT_UTIL_SIGNALS_H

/* From now on SIGINT, SIGTERM and SIGHUP do not interrupt: they make the descriptor readable, which does not block and
 * is closed on exec.  A signalfd, or -errno. */
int signals_open(void);

/* SIGINT, SIGQUIT, SIGTERM and SIGHUP wait from now on, here and in what is forked: for while there is something that
 * nobody would clean up.  In the end, or in the child that is to be interrupted, they are let through. */
void signals_defer(void);
void signals_let(void);

/* The number of one that waits, or 0. */
int signals_deferred(void);

/* SIGINT, SIGTERM and SIGHUP go to fn, but those that are ignored, as under nohup or behind `&`, stay so. */
void signals_catch(void (*fn)(int));

#endif
