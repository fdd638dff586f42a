/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_SHOW_H
#define SYNSENT_CLI_WATCH_SHOW_H

#include "cli/watch.h"
#include "cli/watch_further.h"
#include "cli/watch_inbound.h"
#include "cli/watch_metrics.h"
#include "cli/watch_rules.h"

/*
 * What `watch` prints: attempts and the summary on stdout, or, where that has JSON,
 * the summary on stderr.  With CMD all goes to stderr, as with `run`: JSON in the
 * place of the text, and the summary only where something was lost.
 */
struct watch_show;

int watch_show_new(const struct watch_setup *o, struct watch_show **ret, struct err *e);
void watch_show_free(struct watch_show *s);

/* What else takes part; borrowed.  All but the source may be NULL. */
struct watch_parts {
	struct watch_source *source;
	struct watch_metrics *metrics; /* is fed with attempts */
	struct watch_rules *rules;     /* names drops */
	struct watch_inbound *inbound; /* its counts are part of the summary */
};

/* The observation begins. */
void watch_show_begin(struct watch_show *s, const struct watch_parts *parts);

struct screen;

/* From now on attempts are shown there, and no lines are printed; borrowed.  NULL: no longer. */
void watch_show_on(struct watch_show *s, struct screen *screen);

/* What waits now, and what was lost, for the screen. */
void watch_show_now(struct watch_show *s);

/* An attempt that is over.  True: as many were shown as were asked for. */
bool watch_show_attempt(struct watch_show *s, const struct attempt *a);

/* A SYN that came to this host, and was answered late, or not well. */
bool watch_show_inbound(struct watch_show *s, const struct attempt *a, const struct digest *d);

/* What was only counted up to now is fed. */
void watch_show_refresh(struct watch_show *s);

/* For poll(), at most WATCH_SHOW_FDS_MAX descriptors; and for how long, in ms, or -1.  Then watch_show_turn(). */
#define WATCH_SHOW_FDS_MAX WATCH_FURTHER_FDS_MAX
int watch_show_fds(const struct watch_show *s, struct pollfd *fds);
int watch_show_wait_ms(const struct watch_show *s);

/* Between two reads of the source: what is to be printed goes out.  False: it cannot be written any more. */
bool watch_show_turn(struct watch_show *s);

/* The summary so far, and those that wait. */
void watch_show_sum(struct watch_show *s);

/* The end.  True: something was lost. */
bool watch_show_end(struct watch_show *s);

#endif
