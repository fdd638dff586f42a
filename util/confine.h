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
 */
enum confine_mode {
	CONFINE_TRY,	 /* as much of it as this kernel allows */
	CONFINE_REQUIRE, /* all of it, or an error */
	CONFINE_OFF,
};

/* What is in force. */
struct confined {
	bool capabilities, landlock, seccomp;
	int landlock_abi;  /* 0: this kernel has none */
	char missing[256]; /* what is not in force and why; "" when all is */
};

/* 0 or -errno.  CONFINE_TRY fails only when it cannot be told what is in force. */
int confine(enum confine_mode mode, struct confined *ret, struct err *e);

/* What confine() would find, changing nothing. */
void confine_probe(struct confined *ret);

#endif
