/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/firewall_text.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define TABLE "synsent"
#define COMMENT_MAX 64

const char *firewall_chain(const struct firewall_rule *r)
{
	return r->hook == HOOK_INPUT ? "input" : "output";
}

int firewall_check(const struct firewall_rule *rules, int n, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	int i;

	for (i = 0; i < n; i++) {
		const char *c = rules[i].comment;

		if (!c || !*c || strlen(c) > COMMENT_MAX || c[strspn(c, allowed)])
			return err_set(e, EINVAL, "a rule's comment must be 1 to %d letters, digits and '-'",
				       COMMENT_MAX);
	}
	return 0;
}

static bool is_v6(const struct firewall_rule *r)
{
	return r->server.addr.family == 6;
}

/* A reject must know its protocol: where the match does not say it, it has to be said. */
static void nft_match(const struct firewall_rule *r, struct buf *to)
{
	char addr[ADDR_TEXT_LEN];
	const char *ip = is_v6(r) ? "ip6" : "ip";

	addr_format(&r->server.addr, addr);
	switch (r->match) {
	case MATCH_TO_SERVER:
		buf_fmt(to, "%s daddr %s tcp dport %u", ip, addr, r->server.port);
		break;
	case MATCH_SYN_ACK:
		buf_fmt(to, "%s saddr %s tcp sport %u tcp flags & (syn | ack) == (syn | ack)", ip, addr,
			r->server.port);
		break;
	case MATCH_LOOPBACK:
		if (r->verdict == FW_REJECT_HOST_PROHIBITED)
			buf_fmt(to, "meta nfproto %s ", is_v6(r) ? "ipv6" : "ipv4");
		buf_fmt(to, "%s \"lo\"", r->hook == HOOK_INPUT ? "iifname" : "oifname");
		if (r->verdict == FW_REJECT_RST)
			buf_str(to, " meta l4proto tcp");
		break;
	}
}

static const char *nft_verdict(const struct firewall_rule *r)
{
	switch (r->verdict) {
	case FW_DROP:
		return "drop";
	case FW_ACCEPT:
		return "accept";
	case FW_REJECT_RST:
		return "reject with tcp reset";
	case FW_REJECT_HOST_PROHIBITED:
		break;
	}
	return is_v6(r) ? "reject with icmpv6 admin-prohibited" : "reject with icmp host-prohibited";
}

static void nft_rule(const struct firewall_rule *r, struct buf *to)
{
	nft_match(r, to);
	buf_fmt(to, " counter %s", nft_verdict(r));
}

void firewall_nft_text(const struct firewall_rule *r, char *to, int len)
{
	struct buf b = { 0 };

	nft_rule(r, &b);
	snprintf(to, (size_t)len, "%s", buf_text(&b));
	buf_fini(&b);
}

static void iptables_match(const struct firewall_rule *r, struct buf *to)
{
	char addr[ADDR_TEXT_LEN];

	addr_format(&r->server.addr, addr);
	switch (r->match) {
	case MATCH_TO_SERVER:
		buf_fmt(to, " -p tcp -d %s --dport %u", addr, r->server.port);
		break;
	case MATCH_SYN_ACK:
		buf_fmt(to, " -p tcp -s %s --sport %u --tcp-flags SYN,ACK SYN,ACK", addr, r->server.port);
		break;
	case MATCH_LOOPBACK:
		buf_str(to, r->hook == HOOK_INPUT ? " -i lo" : " -o lo");
		if (r->verdict == FW_REJECT_RST)
			buf_str(to, " -p tcp");
		break;
	}
}

static const char *iptables_verdict(const struct firewall_rule *r)
{
	switch (r->verdict) {
	case FW_DROP:
		return "DROP";
	case FW_ACCEPT:
		return "ACCEPT";
	case FW_REJECT_RST:
		return "REJECT --reject-with tcp-reset";
	case FW_REJECT_HOST_PROHIBITED:
		break;
	}
	return is_v6(r) ? "REJECT --reject-with icmp6-adm-prohibited" : "REJECT --reject-with icmp-host-prohibited";
}

void firewall_iptables_text(const struct firewall_rule *r, char *to, int len)
{
	struct buf b = { 0 };

	buf_fmt(&b, "%s -A %s", is_v6(r) ? "ip6tables" : "iptables", r->hook == HOOK_INPUT ? "INPUT" : "OUTPUT");
	iptables_match(r, &b);
	buf_fmt(&b, " -j %s", iptables_verdict(r));
	snprintf(to, (size_t)len, "%s", buf_text(&b));
	buf_fini(&b);
}

/* "add" is fine with a table and chains that are there. */
void firewall_script_add(const struct firewall_rule *rules, int n, struct buf *to)
{
	static const char *const hooks[] = { "input", "output" };
	size_t h;
	int i;

	buf_str(to, "add table inet " TABLE "\n");
	for (h = 0; h < 2; h++)
		buf_fmt(to, "add chain inet " TABLE " %s { type filter hook %s priority filter; policy accept; }\n",
			hooks[h], hooks[h]);
	for (i = 0; i < n; i++) {
		buf_fmt(to, "add rule inet " TABLE " %s ", firewall_chain(&rules[i]));
		nft_rule(&rules[i], to);
		buf_fmt(to, " comment \"%s\"\n", rules[i].comment);
	}
}

static bool text_is(const json_t *object, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(object, key));

	return got && !strcmp(got, want);
}

static uint64_t number(const json_t *object, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(object, key));

	return v > 0 ? (uint64_t)v : 0;
}

static void state_of(const json_t *rule, struct firewall_state *ret)
{
	const json_t *exprs = json_object_get(rule, "expr");
	size_t i;

	memset(ret, 0, sizeof(*ret));
	ret->found = true;
	ret->handle = number(rule, "handle");
	snprintf(ret->chain, sizeof(ret->chain), "%s", json_string_value(json_object_get(rule, "chain")));
	for (i = 0; i < json_array_size(exprs); i++) {
		const json_t *counter = json_object_get(json_array_get(exprs, i), "counter");

		if (!counter)
			continue;
		ret->packets = number(counter, "packets");
		ret->bytes = number(counter, "bytes");
	}
}

static bool is_rule(const json_t *rule, const struct firewall_rule *r)
{
	return text_is(rule, "family", "inet") && text_is(rule, "table", TABLE) &&
	       text_is(rule, "chain", firewall_chain(r)) && text_is(rule, "comment", r->comment);
}

int firewall_parse(const char *json, const struct firewall_rule *rules, int n, struct firewall_state *ret_rules,
		   int *ret_count, struct err *e)
{
	json_error_t why;
	json_t *root = json_loads(json, 0, &why);
	const json_t *items = json_object_get(root, "nftables");
	int i, count = 0;
	size_t at;

	if (!json_is_array(items)) {
		json_decref(root);
		return err_set(e, EPROTO, "nft printed something else than its JSON%s%s", root ? "" : ": ",
			       root ? "" : why.text);
	}
	if (ret_rules)
		memset(ret_rules, 0, (size_t)n * sizeof(*ret_rules));
	for (at = 0; at < json_array_size(items); at++) {
		const json_t *rule = json_object_get(json_array_get(items, at), "rule");

		if (!rule)
			continue;
		count++;
		for (i = 0; ret_rules && i < n; i++)
			if (!ret_rules[i].found && is_rule(rule, &rules[i]))
				state_of(rule, &ret_rules[i]);
	}
	if (ret_count)
		*ret_count = count;
	json_decref(root);
	return 0;
}
