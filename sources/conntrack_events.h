/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_CONNTRACK_EVENTS_H
#define SYNSENT_SOURCES_CONNTRACK_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "sources/conntrack.h"

struct sock_filter; /* linux/filter.h */

/*
 * What conntrack forgets, as its events tell (NFNLGRP_CONNTRACK_DESTROY, for CAP_NET_ADMIN), of TCP connections that
 * NAT had changed and that nothing had answered.  One that an RST refuses is forgotten at once, before the RST goes on
 * (net/netfilter/nf_conntrack_proto_tcp.c nf_conntrack_tcp_packet(), nf_conntrack_core.c nf_ct_delete()): when its
 * client knows of the refusal, the event is here.  All others are filtered by the kernel.  With
 * net.netfilter.nf_conntrack_events at 2 only those are told of that begin while somebody listens.
 *
 * A descriptor for this thread's network namespace, which it keeps alive; or -errno: -EOPNOTSUPP where there are no
 * events.  Loads no module.
 */
int conntrack_events_open(void);

typedef void conntrack_events_fn(const struct conntrack_entry *e, void *user);

/* All that is there.  True: some were lost. */
bool conntrack_events_read(int fd, conntrack_events_fn *fn, void *user);

/*
 * The filter, CONNTRACK_EVENTS_FILTER_MAX instructions at most; how many.  `timeout`: kernels since Linux 5.10 tell the
 * time that was left to what did not end by itself (ctnetlink_conntrack_event()), and all that has none is left out.
 */
#define CONNTRACK_EVENTS_FILTER_MAX 40
size_t conntrack_events_filter(bool timeout, struct sock_filter *to);

#endif
