/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "sources/conntrack.h"
#include "sources/links.h"
#include "sources/netprogs_parse.h"
#include "sources/nfsock.h"
#include "sources/nftrace_group.h"
#include "sources/nlget.h"

/*
 * An input is a byte that says what it is, and datagrams of netlink: 0 trace
 * messages, 1 rules, 2 devices and tc's filters, 3 what conntrack says.
 */
static void grouped(const struct nftrace_event *ev, void *user)
{
	struct nftrace_group *g = user;
	struct rule_hit h;
	const char *base;
	struct buf line = { 0 };

	MUST(strlen(ev->table) < sizeof(ev->table) && strlen(ev->chain) < sizeof(ev->chain));
	MUST(!ev->has_packet || ev->packet.src.addr.family == ev->packet.dst.addr.family);
	if (!nftrace_group_feed(g, ev, &h, &base))
		return;
	MUST(ev->drop && strcmp(h.table, g->own) != 0 && strlen(base) < RULE_NAME_LEN);
	MUST(!h.has_packet || (h.packet.flags & 6 && (h.packet.src.port == 7001 || h.packet.dst.port == 7001)));
	rule_format(&h, &line);
	for (const char *c = buf_text(&line); *c; c++)
		MUST((unsigned char)*c >= ' ' && *c != 127);
	buf_fini(&line);
}

static void traces(struct bytes b)
{
	static struct nftrace_group g;
	const struct endpoint end = { .port = 7001 };

	memset(&g, 0, sizeof(g));
	g.own = "synsent_trace_1";
	g.ends = &end;
	g.n_ends = 1;
	nftrace_parse_datagram(b, grouped, &g);
}

static void device(const struct link_seen *l, void *user)
{
	MUST(l->name[0] && strlen(l->name) < sizeof(l->name));
}

static void program(const struct netprog *p, void *user)
{
	MUST(p->kind == NETPROG_XDP && p->id && p->mode[0] && strlen(p->device) < sizeof(p->device));
}

static void links(struct bytes b)
{
	struct bytes whole = b;
	struct netprog p;
	struct nlget m;
	char name[16];

	links_parse_datagram(whole, device, NULL);
	while (nlget_message(&b, &m)) {
		if (netprogs_of_link(m.payload, name, program, NULL))
			MUST(strlen(name) < sizeof(name));
		if (netprogs_of_filter(m.payload, &p))
			MUST(p.kind == NETPROG_TC ? p.id || p.name[0] : p.mode[0] != 0);
	}
}

static void translated(struct bytes b)
{
	struct nlget m;
	struct conntrack_entry e;
	struct flow f;

	while (nlget_message(&b, &m)) {
		if (conntrack_parse_entry(m.payload, &e))
			MUST(e.came.client.port && e.came.server.port && e.goes.client.port && e.goes.server.port);
		if (!conntrack_parse(m.payload, &f))
			continue;
		MUST(f.client.port && f.server.port && f.client.addr.family == f.server.addr.family);
		MUST(f.client.addr.family == 4 || f.client.addr.family == 6);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = bytes_of(data, size);
	char comment[RULE_COMMENT_LEN];
	struct nlget m;
	uint8_t what;

	if (!bytes_u8(&b, &what))
		return 0;
	if (!what)
		traces(b);
	else if (what == 2)
		links(b);
	else if (what == 3)
		translated(b);
	while (what == 1 && nlget_message(&b, &m))
		if (nfsock_comment_parse(m.payload, comment, sizeof(comment)))
			MUST(strlen(comment) < sizeof(comment));
	return 0;
}
