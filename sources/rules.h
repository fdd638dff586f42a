/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_RULES_H
#define SYNSENT_SOURCES_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "util/buf.h"

/*
 * A firewall's rule, or the policy of a chain, that dropped packets.  Two ways
 * lead to it: sources/nftrace.h, which follows single packets, and
 * sources/rulecounts.h, which looks at the rules' counters before and after.
 */
#define RULE_NAME_LEN 256 /* nf_tables allows 255 bytes: linux/netfilter/nf_tables.h NFT_NAME_MAXLEN */
#define RULE_TEXT_LEN 1024
#define RULE_COMMENT_LEN 256

enum rule_maker {
	RULE_NFT, /* nft, and iptables-nft, whose rules are nft's */
	RULE_IPTABLES_LEGACY,
};

/* What the sender of a SYN gets from a rule that drops it. */
enum rule_answer {
	RULE_ANSWER_NONE,
	RULE_ANSWER_RST,
	RULE_ANSWER_ICMP,
	RULE_ANSWER_ANY, /* not known which */
};

struct rule_packet {
	struct endpoint src, dst;
	uint32_t seq, ack;
	uint8_t flags; /* TCP's: 2 SYN, 4 RST, 16 ACK */
};

/* Texts are as the firewall has them, cut where they are too long, and not escaped. */
struct rule_hit {
	int64_t t_ns; /* when it was heard of, by the caller's clock */
	enum rule_maker maker;
	char family[8]; /* "ip", "ip6", "inet", "netdev", "bridge" */
	char table[RULE_NAME_LEN], chain[RULE_NAME_LEN];
	char hook[16];		  /* of the base chain that led to it: "input"; empty: unknown */
	uint64_t handle;	  /* nft's; 0 for a policy and for iptables-legacy */
	int number;		  /* iptables-legacy's, from 1, as `iptables -L --line-numbers` counts; else 0 */
	bool policy;		  /* no rule: the chain's policy */
	bool reject;		  /* it answered, with a RST or an ICMP error */
	char text[RULE_TEXT_LEN]; /* the rule as `nft list` or iptables-save prints it, without its counter's values
				   * and its comment; empty: it is no longer there, or cannot be listed */
	char comment[RULE_COMMENT_LEN];
	bool has_packet; /* only nftrace knows it */
	struct rule_packet packet;
	uint64_t packets; /* how many it dropped, or may have: 1 from nftrace, the counter's difference from rulecounts
			   */
};

/* For people, on one line and escaped: "nft inet fw svc handle 9: tcp dport 80 drop comment \"x\"",
 * "nft inet fw input policy drop", "iptables-legacy filter INPUT rule 2: -p tcp -j DROP". */
void rule_format(const struct rule_hit *h, struct buf *to);

#endif
