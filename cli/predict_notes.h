/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_PREDICT_NOTES_H
#define SYNSENT_CLI_PREDICT_NOTES_H

struct buf;
struct predict;

/* What surprises in this policy, a line each: nothing where nothing does. */
void predict_notes(const struct predict *p, struct buf *to);

/* What the application's own timer does, when one was given; else what timers of usual lengths would do. */
void predict_timers(const struct predict *p, struct buf *to);

#endif
