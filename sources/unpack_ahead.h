/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_UNPACK_AHEAD_H
#define SYNSENT_SOURCES_UNPACK_AHEAD_H

#include "sources/unpack_stream.h"

/*
 * Reads an unpack_stream ahead, in a thread of its own, into a small ring of
 * chunks.  The stream is the thread's until unpack_ahead_free().
 */
struct unpack_ahead;

int unpack_ahead_new(struct unpack_stream *s, struct unpack_ahead **ret, struct err *e);

/* 0 or -errno, when no thread can be had; the stream is then untouched. */
int unpack_ahead_start(struct unpack_ahead *a);

/* Joins the thread.  A wait in the stream's source must have been ended before. */
void unpack_ahead_free(struct unpack_ahead *a);

/* As unpack_read(). */
ssize_t unpack_ahead_read(struct unpack_ahead *a, void *to, size_t len, struct err *e);

/* As unpack_ready(). */
bool unpack_ahead_ready(struct unpack_ahead *a);

#endif
