/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nftrace_table.h"

#include <arpa/inet.h> /* before the kernel's own headers, which then leave out the same names */

#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "sources/nfput.h"

#define MARK_CHAIN "mark"
#define REG NFT_REG_1

static void batch(struct nlput *m, uint16_t type)
{
	const struct nfgenmsg h = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	nlput_begin(m, type, NLM_F_REQUEST, 0, &h, sizeof(h));
	nlput_end(m);
}

void nftrace_batch_begin(struct nlput *m)
{
	batch(m, NFNL_MSG_BATCH_BEGIN);
}

void nftrace_batch_end(struct nlput *m)
{
	batch(m, NFNL_MSG_BATCH_END);
}

static void table(struct nlput *m, uint8_t family, const char *name)
{
	nfput_begin(m, NFT_MSG_NEWTABLE, family, NLM_F_CREATE | NLM_F_EXCL);
	nlput_text(m, NFTA_TABLE_NAME, name);
	nlput_u32be(m, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	nlput_end(m);
}

static void mark_chain(struct nlput *m, uint8_t family, const char *name)
{
	nfput_begin(m, NFT_MSG_NEWCHAIN, family, NLM_F_CREATE);
	nlput_text(m, NFTA_CHAIN_TABLE, name);
	nlput_text(m, NFTA_CHAIN_NAME, MARK_CHAIN);
	nlput_end(m);
}

/* A rule's expressions, in between. */
struct rule {
	size_t list, item, data;
};

static struct rule rule_begin(struct nlput *m, uint8_t family, const char *name, const char *chain)
{
	nfput_begin(m, NFT_MSG_NEWRULE, family, NLM_F_CREATE | NLM_F_APPEND);
	nlput_text(m, NFTA_RULE_TABLE, name);
	nlput_text(m, NFTA_RULE_CHAIN, chain);
	return (struct rule){ .list = nlput_nest(m, NFTA_RULE_EXPRESSIONS) };
}

static void rule_end(struct nlput *m, const struct rule *r)
{
	nlput_end_nest(m, r->list);
	nlput_end(m);
}

static void expr_begin(struct nlput *m, struct rule *r, const char *name)
{
	r->item = nlput_nest(m, NFTA_LIST_ELEM);
	nlput_text(m, NFTA_EXPR_NAME, name);
	r->data = nlput_nest(m, NFTA_EXPR_DATA);
}

static void expr_end(struct nlput *m, const struct rule *r)
{
	nlput_end_nest(m, r->data);
	nlput_end_nest(m, r->item);
}

static void value(struct nlput *m, uint16_t type, const void *data, size_t len)
{
	size_t at = nlput_nest(m, type);

	nlput_attr(m, NFTA_DATA_VALUE, data, len);
	nlput_end_nest(m, at);
}

static void load_meta(struct nlput *m, struct rule *r, uint32_t key)
{
	expr_begin(m, r, "meta");
	nlput_u32be(m, NFTA_META_KEY, key);
	nlput_u32be(m, NFTA_META_DREG, REG);
	expr_end(m, r);
}

static void load_payload(struct nlput *m, struct rule *r, uint32_t base, size_t offset, size_t len)
{
	expr_begin(m, r, "payload");
	nlput_u32be(m, NFTA_PAYLOAD_DREG, REG);
	nlput_u32be(m, NFTA_PAYLOAD_BASE, base);
	nlput_u32be(m, NFTA_PAYLOAD_OFFSET, (uint32_t)offset);
	nlput_u32be(m, NFTA_PAYLOAD_LEN, (uint32_t)len);
	expr_end(m, r);
}

static void compare(struct nlput *m, struct rule *r, uint32_t op, const void *data, size_t len)
{
	expr_begin(m, r, "cmp");
	nlput_u32be(m, NFTA_CMP_SREG, REG);
	nlput_u32be(m, NFTA_CMP_OP, op);
	value(m, NFTA_CMP_DATA, data, len);
	expr_end(m, r);
}

static void mask_byte(struct nlput *m, struct rule *r, uint8_t mask)
{
	expr_begin(m, r, "bitwise");
	nlput_u32be(m, NFTA_BITWISE_SREG, REG);
	nlput_u32be(m, NFTA_BITWISE_DREG, REG);
	nlput_u32be(m, NFTA_BITWISE_LEN, 1);
	value(m, NFTA_BITWISE_MASK, &mask, 1);
	value(m, NFTA_BITWISE_XOR, "", 1);
	expr_end(m, r);
}

static void set_nftrace(struct nlput *m, struct rule *r)
{
	const uint8_t on = 1;

	expr_begin(m, r, "immediate");
	nlput_u32be(m, NFTA_IMMEDIATE_DREG, REG);
	value(m, NFTA_IMMEDIATE_DATA, &on, 1);
	expr_end(m, r);
	expr_begin(m, r, "meta");
	nlput_u32be(m, NFTA_META_KEY, NFT_META_NFTRACE);
	nlput_u32be(m, NFTA_META_SREG, REG);
	expr_end(m, r);
}

static void jump(struct nlput *m, struct rule *r, const char *chain)
{
	size_t data, verdict;

	expr_begin(m, r, "immediate");
	nlput_u32be(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nlput_nest(m, NFTA_IMMEDIATE_DATA);
	verdict = nlput_nest(m, NFTA_DATA_VERDICT);
	nlput_u32be(m, NFTA_VERDICT_CODE, (uint32_t)NFT_JUMP);
	nlput_text(m, NFTA_VERDICT_CHAIN, chain);
	nlput_end_nest(m, verdict);
	nlput_end_nest(m, data);
	expr_end(m, r);
}

/* Segments that begin a connection, answer such, or refuse it. */
static void match_handshake(struct nlput *m, struct rule *r)
{
	const uint8_t tcp = IPPROTO_TCP, none = 0;

	load_meta(m, r, NFT_META_L4PROTO);
	compare(m, r, NFT_CMP_EQ, &tcp, 1);
	load_payload(m, r, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	mask_byte(m, r, TH_SYN | TH_RST);
	compare(m, r, NFT_CMP_NEQ, &none, 1);
}

/* At a device's ingress a packet has no family of netfilter's yet, but a protocol. */
static void match_family(struct nlput *m, struct rule *r, bool netdev, int family)
{
	const uint8_t nfproto = family == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	const uint16_t protocol = htons(family == 6 ? 0x86dd : 0x0800);

	load_meta(m, r, netdev ? NFT_META_PROTOCOL : NFT_META_NFPROTO);
	if (netdev)
		compare(m, r, NFT_CMP_EQ, &protocol, sizeof(protocol));
	else
		compare(m, r, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
}

static void match_end(struct nlput *m, struct rule *r, bool netdev, const struct endpoint *e, bool source)
{
	const uint16_t port = htons(e->port);
	bool v6 = e->addr.family == 6;
	size_t len = v6 ? 16 : 4;

	if (e->addr.family) {
		match_family(m, r, netdev, e->addr.family);
		load_payload(m, r, NFT_PAYLOAD_NETWORK_HEADER, (v6 ? 8 : 12) + (source ? 0 : len), len);
		compare(m, r, NFT_CMP_EQ, e->addr.b, len);
	}
	if (e->port) {
		load_payload(m, r, NFT_PAYLOAD_TRANSPORT_HEADER, source ? 0 : 2, 2);
		compare(m, r, NFT_CMP_EQ, &port, sizeof(port));
	}
}

static void mark_rules(struct nlput *m, uint8_t family, const struct nftrace_table *t)
{
	struct rule r;
	int i;

	for (i = 0; i < 2 * t->n_ends || !i; i++) {
		r = rule_begin(m, family, t->name, MARK_CHAIN);
		match_handshake(m, &r);
		if (t->n_ends)
			match_end(m, &r, family == NFPROTO_NETDEV, &t->ends[i / 2], i % 2);
		set_nftrace(m, &r);
		rule_end(m, &r);
	}
}

/* The lowest priority there is: before all that others may have put there. */
static void base_chain(struct nlput *m, uint8_t family, const struct nftrace_table *t, const char *chain, uint32_t hook,
		       const char *device)
{
	struct rule r;
	size_t nest;

	nfput_begin(m, NFT_MSG_NEWCHAIN, family, NLM_F_CREATE);
	nlput_text(m, NFTA_CHAIN_TABLE, t->name);
	nlput_text(m, NFTA_CHAIN_NAME, chain);
	nest = nlput_nest(m, NFTA_CHAIN_HOOK);
	nlput_u32be(m, NFTA_HOOK_HOOKNUM, hook);
	nlput_u32be(m, NFTA_HOOK_PRIORITY, (uint32_t)INT_MIN);
	if (device)
		nlput_text(m, NFTA_HOOK_DEV, device);
	nlput_end_nest(m, nest);
	nlput_text(m, NFTA_CHAIN_TYPE, "filter");
	nlput_u32be(m, NFTA_CHAIN_POLICY, NF_ACCEPT);
	nlput_end(m);
	r = rule_begin(m, family, t->name, chain);
	jump(m, &r, MARK_CHAIN);
	rule_end(m, &r);
}

void nftrace_table_inet(struct nlput *m, const struct nftrace_table *t)
{
	table(m, NFPROTO_INET, t->name);
	mark_chain(m, NFPROTO_INET, t->name);
	mark_rules(m, NFPROTO_INET, t);
	base_chain(m, NFPROTO_INET, t, "prerouting", NF_INET_PRE_ROUTING, NULL);
	base_chain(m, NFPROTO_INET, t, "output", NF_INET_LOCAL_OUT, NULL);
}

void nftrace_table_netdev(struct nlput *m, const struct nftrace_table *t)
{
	table(m, NFPROTO_NETDEV, t->name);
	mark_chain(m, NFPROTO_NETDEV, t->name);
	mark_rules(m, NFPROTO_NETDEV, t);
}

void nftrace_table_device(struct nlput *m, const struct nftrace_table *t, uint32_t ifindex, const char *device)
{
	char chain[32];

	snprintf(chain, sizeof(chain), "ingress-%u", ifindex);
	base_chain(m, NFPROTO_NETDEV, t, chain, NF_NETDEV_INGRESS, device);
}
