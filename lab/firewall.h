/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FIREWALL_H
#define SYNSENT_LAB_FIREWALL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "util/err.h"

/*
 * The firewall of this process's network namespace: real nft rules, given to
 * `nft -f -` and read back as JSON.  Never call it in the host's namespace;
 * firewall_check_private() is there to make sure.
 */
enum firewall_hook { HOOK_INPUT, HOOK_OUTPUT };

enum firewall_match {
	MATCH_TO_SERVER, /* tcp to the server's address and port */
	MATCH_SYN_ACK,	 /* SYN-ACKs from the server's address and port */
	MATCH_LOOPBACK,	 /* iifname lo, anything */
};

enum firewall_verdict { FW_DROP, FW_ACCEPT, FW_REJECT_RST, FW_REJECT_HOST_PROHIBITED };

struct firewall_rule {
	enum firewall_hook hook;
	enum firewall_match match;
	struct endpoint server;
	enum firewall_verdict verdict;
	const char *comment; /* marks it, so that it is found again; letters, digits and '-' */
};

/* A rule as the kernel has it. */
struct firewall_state {
	bool found;
	uint64_t handle;
	uint64_t packets, bytes;
	char chain[32];
};

/* Fails with -EPERM in the network namespace of `pid` (the supervisor outside). */
int firewall_check_private(int pid, struct err *e);

/* Adds rules in that order, to table inet synsent, chains input and output.  One nft run. */
int firewall_add(const struct firewall_rule *rules, int n, struct err *e);

/* Removes the rule with that comment. */
int firewall_remove(const struct firewall_rule *r, struct err *e);

/* Reads the counters of n rules back, in one nft run. */
int firewall_read(const struct firewall_rule *rules, int n, struct firewall_state *ret, struct err *e);

/* How many rules the namespace has now, of anyone's; 0: no rule stands in the way. */
int firewall_count(int *ret, struct err *e);

/* Gives a script of one's own to `nft -f -`. */
int firewall_script(const char *text, struct err *e);

/* The text as nft lists it ("ip daddr 127.0.0.1 tcp dport 12345 counter drop"), without counters' values and comment.
 */
void firewall_nft_text(const struct firewall_rule *r, char *to, int len);

/* The iptables command that equals it ("iptables -A INPUT -p tcp -d 127.0.0.1 --dport 12345 -j DROP"); ip6tables for
 * IPv6. */
void firewall_iptables_text(const struct firewall_rule *r, char *to, int len);

#endif
