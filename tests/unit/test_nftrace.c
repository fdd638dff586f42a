/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "sources/netprogs_parse.h"
#include "sources/nfsock.h"
#include "sources/nftrace_group.h"
#include "sources/nlget.h"
#include "tests/unit/recorded.h"

struct told {
	struct nftrace_group group;
	struct rule_hit hit;
	char base[RULE_NAME_LEN];
	int hits, events;
};

static void feed(const struct nftrace_event *ev, void *user)
{
	struct told *t = user;
	struct rule_hit h;
	const char *base;

	t->events++;
	if (!nftrace_group_feed(&t->group, ev, &h, &base))
		return;
	t->hit = h;
	snprintf(t->base, sizeof(t->base), "%s", base);
	t->hits++;
}

static void drops(void **state)
{
	static const struct {
		const char *file, *family, *table, *chain, *base;
		uint64_t handle;
		const char *src, *dst;
		uint8_t flags;
	} t[] = {
		{ "input", "inet", "fw", "input", "input", 2, "10.9.1.2", "10.9.1.1:7001", 2 },
		{ "policy", "ip", "own", "out", "out", 0, "10.9.2.1", "10.9.2.2:7002", 2 },
		{ "jumps", "inet", "fw", "deeper", "forward", 5, "10.9.1.2", "10.9.2.2:7003", 2 },
		{ "netdev", "netdev", "edge", "in", "in", 2, "10.9.1.2", "10.9.1.1:7007", 2 },
		{ "ipv6", "ip6", "fw", "in", "in", 2, "fd09::2", "[fd09::1]:7010", 2 },
		{ "syn-ack", "inet", "edge", "in", "in", 2, "10.9.2.2", NULL, 0x12 },
		{ "iptables-nft", "ip", "filter", "svc", "INPUT", 4, "10.9.1.2", "10.9.1.1:7011", 2 },
	};
	char text[ENDPOINT_TEXT_LEN];
	uint8_t data[8192];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct told told = { .group.own = "not-here" };

		assert_int_equal(nftrace_parse_datagram(recorded(t[i].file, data), feed, &told), 0);
		assert_true(told.hits >= 1 && told.events > told.hits);
		assert_string_equal(told.hit.family, t[i].family);
		assert_string_equal(told.hit.table, t[i].table);
		assert_string_equal(told.hit.chain, t[i].chain);
		assert_string_equal(told.base, t[i].base);
		assert_int_equal(told.hit.handle, t[i].handle);
		assert_int_equal(told.hit.policy, !t[i].handle);
		assert_true(told.hit.has_packet);
		assert_int_equal(told.hit.packet.flags, t[i].flags);
		assert_string_equal(addr_format(&told.hit.packet.src.addr, text), t[i].src);
		if (t[i].dst)
			assert_string_equal(endpoint_format(&told.hit.packet.dst, text), t[i].dst);
	}
}

/* Of other ends, of a table of our own, and cut short. */
static void none(void **state)
{
	const struct endpoint other = { .port = 7999 }, end = { .port = 7001 };
	struct told told = { .group = { .own = "not-here", .ends = &other, .n_ends = 1 } };
	uint8_t data[8192];
	struct bytes b = recorded("input", data);

	assert_int_equal(nftrace_parse_datagram(b, feed, &told), 0);
	assert_int_equal(told.hits, 0);
	told.group.ends = &end;
	assert_int_equal(nftrace_parse_datagram(b, feed, &told), 0);
	assert_int_equal(told.hits, 1);
	told.group.own = "fw";
	assert_int_equal(nftrace_parse_datagram(b, feed, &told), 0);
	assert_int_equal(told.hits, 1);
	b.len -= 4;
	assert_int_not_equal(nftrace_parse_datagram(b, feed, &told), 0);
	for (b.len = 1; b.len <= NLMSG_HDRLEN; b.len++)
		assert_int_not_equal(nftrace_parse_datagram(b, feed, &told), 0);
}

static void comments(void **state)
{
	char text[RULE_COMMENT_LEN];
	uint8_t data[8192];
	struct bytes b = recorded("rules", data);
	struct nlget m;
	int n = 0;

	while (nlget_message(&b, &m))
		if (nfsock_comment_parse(m.payload, text, sizeof(text)))
			n++;
	assert_int_equal(n, 1);
	assert_string_equal(text, "of iptables");
}

static void keep(const struct netprog *p, void *user)
{
	struct netprog *to = user;

	assert_int_equal(to->id, 0);
	*to = *p;
}

static void programs(void **state)
{
	struct netprog p = { 0 };
	char device[16];
	uint8_t data[8192];
	struct bytes b = recorded("link", data);
	struct nlget m;

	assert_true(nlget_message(&b, &m));
	assert_true(netprogs_of_link(m.payload, device, keep, &p));
	assert_string_equal(device, "x0");
	assert_true(p.kind == NETPROG_XDP && p.id && !strcmp(p.mode, "generic"));
	b = recorded("filters", data);
	memset(&p, 0, sizeof(p));
	while (nlget_message(&b, &m) && m.type != NLMSG_DONE && !netprogs_of_filter(m.payload, &p))
		;
	assert_true(p.kind == NETPROG_TC && p.id && p.priority == 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops),
		cmocka_unit_test(none),
		cmocka_unit_test(comments),
		cmocka_unit_test(programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
