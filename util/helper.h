/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_HELPER_H
#define SYNSENT_UTIL_HELPER_H

/*
 * A thread that does one thing at a time for another thread, which goes on
 * meanwhile.  It sleeps in between, and blocks all signals but those that its
 * own doing brings (SIGBUS, SIGSEGV).
 */
struct helper;

typedef void helper_fn(void *arg);

/* NULL: this process may use one processor alone, or no thread is to be had.  helper_free() ends it. */
struct helper *helper_new(void);
void helper_free(struct helper *h);

/* It begins fn(arg), after helper_wait() for what it was given before. */
void helper_start(struct helper *h, helper_fn *fn, void *arg);

/* Returns when that is done, and all that it wrote is to be seen. */
void helper_wait(struct helper *h);

#endif
