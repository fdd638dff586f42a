/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NFSOCK_H
#define SYNSENT_SOURCES_NFSOCK_H

#include <stddef.h>
#include <stdint.h>

#include "sources/rules.h"
#include "util/buf.h"
#include "util/bytes.h"
#include "util/err.h"

/* Netlink sockets for nf_tables, of this thread's network namespace.  The kernel answers before a request returns. */

/* `group` is a multicast group (NFNLGRP_NFTRACE), or 0.  A descriptor, or -errno. */
int nfsock_open(int protocol, unsigned int group, struct err *e);

/* Sends a batch and reads what the kernel says: 0, or the first error that it has, as -errno. */
int nfsock_batch(int fd, const struct buf *batch);

/* The number of the ruleset's generation: another one after each change.  0 or -errno. */
int nfsock_generation(int fd, uint32_t *ret);

/*
 * The comment of a rule of iptables-nft, which nft does not list: that of its match "comment".  `to` is "" when there
 * is none, or no such rule.
 */
void nfsock_comment(int fd, const struct rule_hit *h, char *to, size_t len);

/* The same from the payload of an NFT_MSG_NEWRULE; pure.  False: it has none. */
bool nfsock_comment_parse(struct bytes payload, char *to, size_t len);

#endif
