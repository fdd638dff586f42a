/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_CONNTRACK_H
#define SYNSENT_SOURCES_CONNTRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "sources/nlput.h"
#include "util/bytes.h"

struct namespaces;

/* The kernel has it, or its module is loaded. */
bool conntrack_is_there(void);

/*
 * It is, and so is that module, which answers questions by netlink: one to what is not loaded would load it
 * (net/netfilter/nfnetlink.c nfnetlink_rcv_msg()).
 */
bool conntrack_answers(const char *module);

/*
 * Where the NAT of that network namespace (inode number; 0: this one) sends a
 * connection, by its conntrack (ctnetlink's IPCTNL_MSG_CT_GET, for CAP_NET_ADMIN):
 * *ret is the flow as it goes on from there.  False: it sends it nowhere else,
 * or that is not known: conntrack forgets an attempt 120 s after its last SYN
 * (nf_conntrack_tcp_timeout_syn_sent), and one that an RST refuses at once.
 * Loads no module.
 */
bool conntrack_find(struct namespaces *n, uint32_t netns, const struct flow *f, struct flow *ret);

/* The question, and an answer's payload (IPCTNL_MSG_CT_NEW); pure.  False: it holds no flow of TCP. */
void conntrack_question(const struct flow *f, struct nlput *to);
bool conntrack_parse(struct bytes payload, struct flow *ret);

/* An entry of conntrack: a connection as it came to that network namespace, and as it goes on from there. */
struct conntrack_entry {
	struct flow came, goes;
};

/* Of an answer's or event's payload; pure.  False: it does not hold both, or is not of TCP. */
bool conntrack_parse_entry(struct bytes payload, struct conntrack_entry *ret);

#endif
