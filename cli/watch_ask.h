/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_ASK_H
#define SYNSENT_CLI_WATCH_ASK_H

#include <stdbool.h>

/*
 * Questions that `watch` asks of the kernel about single attempts, in their network
 * namespaces: at most WATCH_ASKS_PER_S a second, so that a storm of failures
 * costs no more.
 */
struct watch_ask;

#define WATCH_ASKS_PER_S 100

/* NULL when there is no memory. */
struct watch_ask *watch_ask_new(void);
void watch_ask_free(struct watch_ask *w);

/* One more may be asked now, of these namespaces; NULL: there were too many. */
struct namespaces *watch_ask_begin(struct watch_ask *w);

#endif
