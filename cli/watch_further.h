/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_FURTHER_H
#define SYNSENT_CLI_WATCH_FURTHER_H

#include <poll.h>

#include "cli/watch.h"
#include "cli/watch_rules.h"
#include "core/attempt.h"
#include "core/digest.h"

/* What is asked of the kernel, and of nft, about single attempts: what no event told. */
struct watch_further;

/* NULL when there is no memory. */
struct watch_further *watch_further_new(void);
void watch_further_free(struct watch_further *f);

/* The observation begins.  All are borrowed; rules: may be NULL, it names drops. */
void watch_further_begin(struct watch_further *f, const struct watch_setup *o, struct watch_source *source,
			 struct watch_rules *rules);

/*
 * Each returns the attempt, or another with what was found out of it, which lives until the next call.  The first:
 * before it is judged, for who gave up may depend on it.  The second: what is shown is worth more questions.
 */
const struct attempt *watch_further_first(struct watch_further *f, const struct attempt *a);
const struct attempt *watch_further_shown(struct watch_further *f, const struct attempt *a);

/* Of one that came to this host: where its SYNs were dropped, or what answered them, and by which rule. */
void watch_further_inbound(struct watch_further *f, const struct digest *d, struct attempt *a);

/* Nothing listens there, by sock_diag. */
bool watch_further_nobody(struct watch_further *f, const struct attempt *a);

/* For poll(), at most WATCH_FURTHER_FDS_MAX descriptors; and for how long, in ms, or -1.  Then watch_further_turn(). */
#define WATCH_FURTHER_FDS_MAX 1
int watch_further_fds(const struct watch_further *f, struct pollfd *fds);
int watch_further_wait_ms(const struct watch_further *f);
void watch_further_turn(struct watch_further *f);

/* Events of NAT that were lost.  False: none are listened to. */
bool watch_further_lost(const struct watch_further *f, uint64_t *ret);

#endif
