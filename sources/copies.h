/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_COPIES_H
#define SYNSENT_SOURCES_COPIES_H

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

struct namespaces;

/*
 * Does that network namespace (inode number; 0: this one) make copies of packets and send them elsewhere: nft's `dup`,
 * TEE of either iptables, tc's `mirred ... mirror`?  By its rules and actions, for CAP_NET_ADMIN; whether they fit is
 * not looked at.  Loads no module.  False also when it is not known.
 */
bool copies_are_made(struct namespaces *n, uint32_t netns);

/* Of an answer's payload (NFT_MSG_NEWRULE): is `dup` or TEE among its expressions?  Pure. */
bool copies_parse_rule(struct bytes payload);

#endif
