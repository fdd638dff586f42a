/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_CONFINE_CHILD_H
#define SYNSENT_UTIL_CONFINE_CHILD_H

#include "util/confine.h"
#include "util/err.h"

/*
 * Does a piece of work in a confined child.  This process keeps its privileges
 * and waits, so that it can do afterwards what the child may not, such as
 * renaming the files that the child wrote (util/outfile.h).  CONFINE_OFF forks too:
 * there is one way only.
 *
 * work() gets what is in force and returns an exit status, 0 to 255.  It inherits
 * what was open and in memory, and what it changes there is lost.  Afterwards the
 * stdio streams are flushed and the child ends without atexit() handlers; a
 * stdout that takes no more is an error.
 *
 * The child dies with this process, even by SIGKILL, and with the thread that
 * called: let it be the main one, and the only one.  The child shares terminal and
 * process group: what is typed (Ctrl-C, Ctrl-\, Ctrl-Z, fg) reaches both, and
 * it alone acts on SIGINT and SIGQUIT.  SIGTERM, SIGHUP, SIGINT and SIGQUIT that
 * another process sent to this one are passed on (twice, if it sent them to the
 * group), as is a hangup, of which a session's leader alone is told; then the
 * child is also continued, should it be stopped.  None of the four ends or
 * interrupts this process meanwhile, nor is one left over afterwards.
 *
 * Returns the child's exit status; 128 + N when signal N ended it, with e naming
 * the signal (for SIGPIPE better left unsaid); -errno when it could not be started,
 * confined as `mode` asks, or waited for, or when stdout failed (exit code 4).
 */
int confined_run(int (*work)(void *user, const struct confined *c), void *user, enum confine_mode mode, struct err *e);

#endif
