/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_CONFINE_H
#define SYNSENT_UTIL_CONFINE_H

#include <stdbool.h>

#include "util/err.h"

/*
 * Takes from this process what parsing does not need: every capability, every
 * path (Landlock), and every system call but those for memory, threads, time
 * and descriptors that are open already (seccomp).  For good, and for all
 * threads started afterwards.  Call it with one thread, when everything is open.
 *
 * Capabilities leave all five sets (an ordinary user's bounding set stays, but
 * no_new_privs makes it void), and no memory image of this process is dumped:
 * a core handler that runs as root should not be fed by a hostile file.  The
 * user stays who he is.  For root this means that, without one capability, he
 * still owns root's files, /proc/sys and /dev among them: what keeps him from
 * them is that nothing can be opened any more, so Landlock or seccomp must be
 * in force for the confinement of root to be worth its name.
 *
 * Landlock (confine_landlock.h) and seccomp (confine_filter.h) overlap: either
 * alone keeps every file from being opened.
 *
 * What no longer works besides: pthread_exit() and pthread_cancel(), which load
 * libgcc_s (return from the thread instead), localtime_r() without an earlier
 * tzset(), iconv(), getpw*(), and a core dump or a debugger that attaches.
 */
enum confine_mode {
	CONFINE_TRY,	 /* as much of it as this kernel allows */
	CONFINE_REQUIRE, /* all of it, or an error */
	CONFINE_OFF,	 /* changes nothing */
};

/* What is in force. */
struct confined {
	bool capabilities, landlock, seccomp;
	int landlock_abi;  /* 0: this kernel has none, or does not say */
	char missing[256]; /* what is not in force and why, joined by "; "; "" when all is */
};

/*
 * 0 or -errno.  CONFINE_TRY fails only when there are other threads (-EBUSY),
 * for which it would not hold.  CONFINE_REQUIRE asks first, as confine_probe()
 * does, and so fails before anything is taken (-EOPNOTSUPP, exit code 77); a step
 * that fails all the same leaves taken what was taken.  A build with
 * sanitizers, which need far more than parsing does, drops capabilities alone
 * and says so in `missing`.  Once confined, every call answers what is in force.
 */
int confine(enum confine_mode mode, struct confined *ret, struct err *e);

/* What confine(CONFINE_TRY) would put in force here, or has; changes nothing. */
void confine_probe(struct confined *ret);

#endif
