/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/world_stage.h"

#include <stdio.h>
#include <string.h>

#include "lab/firewall.h"
#include "lab/netif.h"

#define RULE_PREF 100	      /* after the local table (0), before main (32766) */
#define DEAD_GATEWAY_TABLE 77 /* its gateway answers nobody */

static const char *const dead_gateways[2] = { "198.19.255.9", "2001:db8:ffff::9" };

static bool has_family(const struct fault_scope *s, int family)
{
	return !s->family || s->family == family;
}

/* One piece of a scope: a family, and an address of it or any. */
typedef int piece_fn(const struct fault_scope *s, int family, const struct addr *a, void *user, struct err *e);

/* Calls fn for each piece; a host without an address, which cannot be reached either, has none. */
static int each_piece(const struct fault_scope *s, bool ipv6, piece_fn *fn, void *user, struct err *e)
{
	static const int families[2] = { 4, 6 };
	int i, j, r = 0;

	for (i = 0; i < 1 + ipv6; i++) {
		if (!has_family(s, families[i]))
			continue;
		if (!s->host[0])
			r = fn(s, families[i], NULL, user, e);
		for (j = 0; !r && j < s->n_addrs; j++)
			if (s->addrs[j].family == families[i])
				r = fn(s, families[i], &s->addrs[j], user, e);
		if (r)
			break;
	}
	return r;
}

/* "ip daddr 192.0.2.1 tcp dport 80", from the side that `dir` ('d' or 's') says. */
static void add_match(int family, const struct addr *a, uint16_t port, char dir, struct buf *to)
{
	char text[ADDR_TEXT_LEN];

	if (a)
		buf_fmt(to, "ip%s %caddr %s ", family == 6 ? "6" : "", dir, addr_format(a, text));
	else
		buf_fmt(to, "meta nfproto ipv%d ", family);
	if (port)
		buf_fmt(to, "tcp %cport %u ", dir, port);
	else
		buf_str(to, "meta l4proto tcp ");
}

struct lead {
	struct buf *to;
	int port;
};

static int add_lead(const struct fault_scope *s, int family, const struct addr *a, void *user, struct err *e)
{
	struct lead *l = user;

	buf_str(l->to, "  iifname \"" WORLD_FAR_LINK "\" ");
	add_match(family, a, s->port, 'd', l->to);
	if (l->port)
		buf_fmt(l->to, "tproxy ip%s to :%d ", family == 6 ? "6" : "", l->port);
	buf_str(l->to, "accept\n");
	return 0;
}

static void lead(const struct fault_scope *s, bool ipv6, int port, struct buf *to)
{
	struct lead l = { to, port };

	each_piece(s, ipv6, add_lead, &l, NULL);
}

void world_far_script(const struct world_stage *st, bool ipv6, struct buf *to)
{
	const struct fault_scope any = { 0 };
	int i;

	buf_str(to,
		"table inet synsent {\n chain lead {\n  type filter hook prerouting priority -150; policy accept;\n");
	for (i = 0; i < st->n_faults; i++) {
		const struct fault *f = &st->faults[i];

		if (f->kind == FAULT_BACKLOG_FULL)
			lead(&f->scope, ipv6, WORLD_PORT_BACKLOG_FULL, to);
		else if (f->kind == FAULT_NO_ACCEPT)
			lead(&f->scope, ipv6, WORLD_PORT_NO_ACCEPT, to);
	}
	lead(st->only ? st->only : &any, ipv6, st->own_server ? 0 : WORLD_PORT_SERVE, to);
	buf_str(to, " }\n");
	/* What is led nowhere is refused, also where the user's server would listen. */
	buf_str(to, " chain refuse {\n  type filter hook input priority 0; policy accept;\n");
	if (st->only) {
		struct lead l = { to, 0 };

		each_piece(st->only, ipv6, add_lead, &l, NULL);
		buf_str(to, "  iifname \"" WORLD_FAR_LINK "\" meta l4proto tcp reject with tcp reset\n");
	}
	buf_str(to, " }\n}\n");
}

static void add_firewall_rule(const struct fault *f, int family, const struct addr *a, uint16_t port, struct buf *to)
{
	if (!a)
		buf_fmt(to, "%s \"" WORLD_CLIENT_LINK "\" ", f->input ? "iifname" : "oifname");
	add_match(family, a, port, f->input ? 's' : 'd', to);
	buf_fmt(to, "counter %s", f->reject ? "reject with tcp reset" : "drop");
}

struct firewall_of {
	const struct fault *f;
	struct buf *to;
};

static int add_firewall(const struct fault_scope *s, int family, const struct addr *a, void *user, struct err *e)
{
	const struct firewall_of *fw = user;

	buf_str(fw->to, "  ");
	add_firewall_rule(fw->f, family, a, s->port, fw->to);
	buf_char(fw->to, '\n');
	return 0;
}

static void add_chain(const struct world_stage *st, bool ipv6, bool input, struct buf *to)
{
	int i;

	buf_fmt(to, " chain %s {\n  type filter hook %s priority 0; policy accept;\n", input ? "input" : "output",
		input ? "input" : "output");
	for (i = 0; i < st->n_faults; i++) {
		struct firewall_of fw = { &st->faults[i], to };

		if (st->faults[i].kind == FAULT_FIREWALL && st->faults[i].input == input)
			each_piece(&st->faults[i].scope, ipv6, add_firewall, &fw, NULL);
	}
	buf_str(to, " }\n");
}

void world_client_script(const struct world_stage *st, bool ipv6, struct buf *to)
{
	bool any = false;
	int i;

	for (i = 0; i < st->n_faults; i++)
		any |= st->faults[i].kind == FAULT_FIREWALL;
	if (!any)
		return;
	buf_str(to, "table inet synsent {\n");
	add_chain(st, ipv6, true, to);
	add_chain(st, ipv6, false, to);
	buf_str(to, "}\n");
}

void world_firewall_text(const struct fault *f, const struct endpoint *server, char *to, int len)
{
	struct buf b = { 0 };

	add_firewall_rule(f, server->addr.family, f->scope.host[0] ? &server->addr : NULL, f->scope.port, &b);
	snprintf(to, (size_t)len, "%s", buf_text(&b));
	buf_fini(&b);
}

static int add_policy_rule(const struct fault_scope *s, int family, const struct addr *a, void *user, struct err *e)
{
	struct netif_rule *rule = user;

	rule->family = family;
	rule->to = a ? *a : (struct addr){ 0 };
	rule->port = s->port;
	rule->pref++;
	return netif_rule(rule, e);
}

static bool routes(const struct fault *f, struct netif_rule *rule)
{
	switch (f->kind) {
	case FAULT_NO_ROUTE:
		rule->action = RULE_NO_ROUTE;
		return true;
	case FAULT_PROHIBIT_ROUTE:
		rule->action = RULE_PROHIBIT;
		return true;
	case FAULT_BLACKHOLE_ROUTE:
		rule->action = RULE_BLACKHOLE;
		return true;
	case FAULT_NO_NEIGHBOUR:
		rule->action = RULE_TABLE;
		rule->table = DEAD_GATEWAY_TABLE;
		return true;
	default:
		return false;
	}
}

static int dead_gateway(int family, struct err *e)
{
	struct netif_path p = { .any = true, .type = ROUTE_VIA, .dev = WORLD_CLIENT_LINK, .table = DEAD_GATEWAY_TABLE };

	addr_parse(dead_gateways[family == 6], &p.via);
	p.dst.family = (uint8_t)family;
	return netif_path(&p, e);
}

static int stage_routes(const struct world *w, const struct world_stage *st, struct err *e)
{
	struct netif_rule rule = { .pref = RULE_PREF };
	bool dead = false;
	int i, r = 0;

	for (i = 0; !r && i < st->n_faults; i++) {
		if (!routes(&st->faults[i], &rule))
			continue;
		if (rule.action == RULE_TABLE && !dead) {
			dead = true;
			r = dead_gateway(4, e);
			if (!r && w->ipv6)
				r = dead_gateway(6, e);
		}
		if (!r)
			r = each_piece(&st->faults[i].scope, w->ipv6, add_policy_rule, &rule, e);
	}
	return r;
}

int world_stage(const struct world *w, const struct world_stage *st, struct err *e)
{
	struct buf far = { 0 }, client = { 0 };
	int r, back;

	world_far_script(st, w->ipv6, &far);
	world_client_script(st, w->ipv6, &client);
	r = world_go(w, true, e);
	if (!r) {
		r = firewall_script(buf_text(&far), e);
		back = world_go(w, false, r ? NULL : e);
		r = r ? r : back;
	}
	if (!r && client.len)
		r = firewall_script(buf_text(&client), e);
	if (!r)
		r = stage_routes(w, st, e);
	buf_fini(&far);
	buf_fini(&client);
	return r;
}
