/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TRACE_FIT_H
#define SYNSENT_SOURCES_TRACE_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/trace.h"

/*
 * Of the programs of bpf/watch.bpf.c those that a kernel may not take, or that are not asked for: each is left out
 * alone, and the others run.  Pure.
 */

/* What there is, each a bit. */
#define TRACE_FIT_CALLS 1u	  /* connect() calls that fail before a SYN are asked for */
#define TRACE_FIT_FUNCTIONS 2u	  /* programs are taken at functions (fentry, fexit) */
#define TRACE_FIT_SYSCALLS 4u	  /* ... or not, but at the return of system calls */
#define TRACE_FIT_CONNTRACK 8u	  /* its function is there */
#define TRACE_FIT_DESCRIPTORS 16u /* the kernel goes through them (iter/task_file) */
#define TRACE_FIT_REASONS 32u	  /* kfree_skb tells the reason of a drop (5.18) */
#define TRACE_FIT_PLACES 64u	  /* ... or not, and where kfree_skb() is called for drops alone is known */

/*
 * `arguments`: how many kfree_skb tells; 0: it is not there.  `rules`: one of the kernel's reasons is a rule's; in 5.17
 * it has few, and none is told of most drops.  `places`: how many are known.  One bit, or 0.
 */
uint32_t trace_fit_drops(int arguments, bool rules, int places);

/* What is told of drops then. */
enum trace_drops trace_fit_told(uint32_t have);

/* The i-th of those programs, and whether it is to be loaded; NULL past the last. */
const char *trace_fit_program(int i, uint32_t have, bool *ret_load);

#endif
