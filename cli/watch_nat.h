/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_NAT_H
#define SYNSENT_CLI_WATCH_NAT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/watch_source.h"
#include "core/attempt.h"

struct nat_sent_answer;

/* What NAT of this host made of attempts: conntrack is asked, and, of what an RST refused, listened to. */
struct watch_nat;

/* NULL when there is no memory. */
struct watch_nat *watch_nat_new(void);
void watch_nat_free(struct watch_nat *w);

/*
 * The observation begins, of attempts of those network namespaces (inode numbers), or, n 0, of all.  `listen`: one that
 * an RST refused may be told of.
 */
void watch_nat_begin(struct watch_nat *w, struct watch_source *s, bool listen, const uint32_t *netns, int n);

/*
 * An attempt that had no answer, and that NAT of its network namespace sends to another place than its program asked
 * for: sets sent_to, and adds what was dropped of it behind the NAT, where it has other addresses.  *ret_as is its
 * flow there.  False: NAT leaves it as it is, or that is not known.
 */
bool watch_nat_look(struct watch_nat *w, struct attempt *a, struct flow *ret_as);

/*
 * An RST refused it, and whether that came from where NAT had sent it the trace does not tell: watch_nat_refused() is
 * to set sent_to, or may_be_sent_on.
 */
bool watch_nat_decides(const struct watch_nat *w, const struct attempt *a);
void watch_nat_refused(struct watch_nat *w, struct attempt *a);

/* Sets them. */
void watch_nat_take(const struct nat_sent_answer *is, struct attempt *a);

/* For poll(): how many descriptors, at most 1; and for how long, in ms, or -1.  Then watch_nat_turn(). */
int watch_nat_fds(const struct watch_nat *w, struct pollfd *fds);
int watch_nat_wait_ms(const struct watch_nat *w);
void watch_nat_turn(struct watch_nat *w);

/* How often events were lost; false: none are listened to. */
bool watch_nat_lost(const struct watch_nat *w, uint64_t *ret);

#endif
