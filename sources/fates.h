/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_FATES_H
#define SYNSENT_SOURCES_FATES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How processes that are not ours to wait for ended: by a signal, or with which
 * status.  A pidfd says when; how is kept by the kernel for whoever held a
 * pidfd (PIDFD_GET_INFO with PIDFD_INFO_EXIT, since 6.15), and before that is
 * to be read only while the process is a zombie, so that a quick parent leaves
 * it unknown.
 */
struct fates;

#define FATES_MAX 128 /* watched at once; more are not */

/* NULL when there is no memory. */
struct fates *fates_new(void);
void fates_free(struct fates *f);

/* Watches a process, by its pid as the mounted /proc shows it; once is enough. */
void fates_watch(struct fates *f, int32_t pid);

/* Calls fn for each that ended since.  signal 0 and status -1: it ended, and nobody can say how. */
typedef void fates_fn(int32_t pid, int signal, int status, void *user);
void fates_pump(struct fates *f, fates_fn *fn, void *user);

/* A process has ended, and how is about to be known. */
bool fates_unsettled(const struct fates *f);

#endif
