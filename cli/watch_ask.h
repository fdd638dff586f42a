/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_ASK_H
#define SYNSENT_CLI_WATCH_ASK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Questions that `watch` asks of the kernel about single attempts, in their network
 * namespaces: at most WATCH_ASKS_PER_S a second, so that a storm of failures
 * costs no more.
 */
struct watch_ask;
struct procs_wanted;

#define WATCH_ASKS_PER_S 100
#define WATCH_ASK_NS_PER_S 500000000LL /* and for no longer, as by watch_ask_end() */
#define WATCH_OWNER_PAUSE 10

/* NULL when there is no memory. */
struct watch_ask *watch_ask_new(void);
void watch_ask_free(struct watch_ask *w);

/* One more may be asked now, of these namespaces; NULL: there were too many. */
struct namespaces *watch_ask_begin(struct watch_ask *w);

/* That one is answered, and took as long as it had begun then (CLOCK_MONOTONIC). */
void watch_ask_end(struct watch_ask *w, int64_t began_ns);

/*
 * Which process holds that socket, by a walk through /proc.  What was found last is good for a second, and after each
 * walk comes a pause of WATCH_OWNER_PAUSE times its length.  False: none is found, or it is too soon.
 */
bool watch_ask_owner(struct watch_ask *w, uint32_t inode, struct procs_wanted *ret);

/* What it answered about that network namespace, by a question of the asker's numbering, in the last second. */
bool watch_ask_kept(const struct watch_ask *w, uint32_t netns, int question, bool *ret);
void watch_ask_keep(struct watch_ask *w, uint32_t netns, int question, bool answer);

#endif
