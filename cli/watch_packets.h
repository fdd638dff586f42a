/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_PACKETS_H
#define SYNSENT_CLI_WATCH_PACKETS_H

#include <poll.h>

#include "core/attempt.h"
#include "util/err.h"

/*
 * What packets add to an attempt that the kernel told of: its replies, those
 * too that the socket did not take, with TTL and acknowledgment number, and the
 * ICMP's sender.  Of this network namespace, or others, all interfaces.  SYNs are not
 * looked at, so that a flood of them costs nothing; the last replies are kept,
 * WATCH_REPLIES_MAX of them (3 MiB), until their attempt ends.
 */
struct watch_packets;

#define WATCH_REPLIES_MAX 16384

#define WATCH_PACKETS_NETNS_MAX 16

/* Of these namespaces (inode numbers; none: this one).  0 or -errno; e->exit_code 77 when they may not be seen. */
int watch_packets_open(const uint32_t *netns, int n_netns, struct watch_packets **ret, struct err *e);
void watch_packets_free(struct watch_packets *w);

/* At most WATCH_PACKETS_NETNS_MAX, readable when packets wait; they are to be read soon. */
int watch_packets_fds(const struct watch_packets *w, struct pollfd *fds);
void watch_packets_read(struct watch_packets *w);

/* Adds to an attempt that is over the replies that were seen of it. */
void watch_packets_join(const struct watch_packets *w, struct attempt *a);

/* Packets that were lost before they could be read. */
uint64_t watch_packets_lost(struct watch_packets *w);

#endif
