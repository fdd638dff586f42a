/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_CONNTRACK_RULES_H
#define SYNSENT_SOURCES_CONNTRACK_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

struct namespaces;

/*
 * Does that network namespace (inode number; 0: this one) have NAT rules for what it sends itself?  By the chains of
 * nft (NFT_MSG_GETCHAIN) and the table of iptables-legacy, for CAP_NET_ADMIN; whether they fit is not looked at.
 * Loads no module.
 */
bool conntrack_has_rules(struct namespaces *n, uint32_t netns, bool six);

/* Of an answer's payload (NFT_MSG_NEWCHAIN): is it a chain of NAT in the output hook, and not empty?  Pure. */
bool conntrack_parse_chain(struct bytes payload);

#endif
