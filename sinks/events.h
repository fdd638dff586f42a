/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_EVENTS_H
#define SYNSENT_SINKS_EVENTS_H

#include "core/event.h"
#include "util/err.h"

/*
 * The recorder behind `--events FILE`: every event as text (core/event_text.h),
 * header first, to be replayed later.  The file is complete or absent
 * (util/outfile.h); "-" is standard output, where each line is there at once.
 */
struct events;

int events_create(const char *path, struct events **ret, struct err *e);

/* 0 or -errno. */
int events_write(struct events *w, const struct event *ev, struct err *e);

/* Makes the file appear.  After any earlier error it removes what was written instead.  Frees w. */
int events_close(struct events *w, struct err *e);

/* Gives up: nothing appears.  Frees w; w may be NULL. */
void events_abort(struct events *w);

#endif
