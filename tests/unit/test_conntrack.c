/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "sources/conntrack.h"
#include "sources/conntrack_rules.h"
#include "sources/nlget.h"
#include "tests/unit/recorded.h"

static struct bytes answer(const char *name, uint8_t data[RECORDED_MAX])
{
	struct bytes b = recorded(name, data);
	struct nlget m;

	assert_true(nlget_message(&b, &m));
	return m.payload;
}

static void assert_flow(const struct flow *f, const char *client, const char *server)
{
	char text[ENDPOINT_TEXT_LEN];

	assert_string_equal(endpoint_format(&f->client, text), client);
	assert_string_equal(endpoint_format(&f->server, text), server);
}

/* It was asked for 198.51.100.1:7001 to 198.51.100.1:8081; the rules were a DNAT and a masquerade. */
static void answers(void **state)
{
	uint8_t data[RECORDED_MAX];
	struct flow f;

	assert_true(conntrack_parse(answer("conntrack4", data), &f));
	assert_flow(&f, "172.31.0.1:7001", "172.31.0.2:81");
	assert_true(conntrack_parse(answer("conntrack6", data), &f));
	assert_flow(&f, "[fd31::1]:7001", "[fd31::2]:81");
}

static void entries(void **state)
{
	uint8_t data[RECORDED_MAX];
	struct conntrack_entry e;
	struct bytes whole = answer("conntrack4", data);
	bool found = false;

	for (size_t n = 0; n <= whole.len; n++) {
		bool now = conntrack_parse_entry(bytes_of(whole.p, n), &e);

		assert_true(now || !found);
		found = now;
	}
	assert_true(found);
	assert_flow(&e.came, "198.51.100.1:7001", "198.51.100.1:8081");
	assert_flow(&e.goes, "172.31.0.1:7001", "172.31.0.2:81");
}

static void cut(void **state)
{
	uint8_t data[RECORDED_MAX];
	struct bytes whole = answer("conntrack4", data);
	struct flow f;
	bool found = false;

	/* once the tuple of replies is there it is found, and never before */
	for (size_t n = 0; n <= whole.len; n++) {
		bool now = conntrack_parse(bytes_of(whole.p, n), &f);

		assert_true(now || !found);
		found = now;
	}
	assert_true(found);
	/* of another protocol: IPPROTO_UDP in both tuples */
	for (size_t n = 0; n + 5 < whole.len; n++)
		if (data[n] == 5 && data[n + 1] == 0 && data[n + 2] == 1 && data[n + 3] == 0 && data[n + 4] == 6)
			data[n + 4] = 17;
	assert_false(conntrack_parse(whole, &f));
}

static void question(void **state)
{
	struct flow f = { .client = { .port = 7001 }, .server = { .port = 8081 } }, got;
	struct conntrack_entry e;
	struct nlput m = { 0 };
	struct nlget q;
	struct bytes b;

	assert_int_equal(addr_parse("198.51.100.1", &f.client.addr), 0);
	f.server.addr = f.client.addr;
	conntrack_question(&f, &m);
	b = bytes_of((const uint8_t *)m.b.data, m.b.len);
	assert_true(nlget_message(&b, &q));
	assert_int_equal(b.len, 0);
	assert_int_equal(q.type, 0x101);
	/* it has the original tuple, and none of replies */
	assert_false(conntrack_parse(q.payload, &got));
	assert_false(conntrack_parse_entry(q.payload, &e));
	for (size_t n = 4; n < q.payload.len; n += 2)
		if (m.b.data[NLMSG_HDRLEN + n + 2] == 1 && (uint8_t)m.b.data[NLMSG_HDRLEN + n + 3] == 0x80) {
			m.b.data[NLMSG_HDRLEN + n + 2] = 2; /* read as that of replies */
			break;
		}
	assert_true(conntrack_parse(q.payload, &got));
	assert_flow(&got, "198.51.100.1:8081", "198.51.100.1:7001");
	assert_false(conntrack_parse_entry(q.payload, &e));
	buf_fini(&m.b);
}

struct chain {
	const char *type;
	uint32_t hook, use;
	uint8_t family;
};

static struct conntrack_rules rules_of(const struct chain *c)
{
	const struct nfgenmsg of = { .nfgen_family = c->family };
	struct conntrack_rules is = { 0 }, cut = { 0 }, none = { 0 };
	struct nlput m = { 0 };
	struct bytes b;
	struct nlget got;
	size_t hook;

	nlput_begin(&m, NFT_MSG_NEWCHAIN, 0, 0, &of, sizeof(of));
	nlput_text(&m, NFTA_CHAIN_NAME, "out");
	hook = nlput_nest(&m, NFTA_CHAIN_HOOK);
	nlput_u32be(&m, NFTA_HOOK_HOOKNUM, c->hook);
	nlput_u32be(&m, NFTA_HOOK_PRIORITY, 0);
	nlput_end_nest(&m, hook);
	nlput_text(&m, NFTA_CHAIN_TYPE, c->type);
	nlput_u32be(&m, NFTA_CHAIN_USE, c->use);
	nlput_end(&m);
	b = bytes_of((const uint8_t *)m.b.data, m.b.len);
	assert_true(nlget_message(&b, &got));
	conntrack_parse_chain(got.payload, &is);
	/* what it does not hold whole says nothing */
	conntrack_parse_chain(bytes_of(got.payload.p, got.payload.len - 8), &cut);
	assert_memory_equal(&cut, &none, sizeof(none));
	buf_fini(&m.b);
	return is;
}

#define ASSERT_RULES(is, ...)                                        \
	do {                                                         \
		const struct conntrack_rules want = { __VA_ARGS__ }; \
		const struct conntrack_rules got = is;               \
		assert_memory_equal(&got, &want, sizeof(want));      \
	} while (0)

static void chains(void **state)
{
	ASSERT_RULES(rules_of(&(struct chain){ "nat", NF_INET_LOCAL_OUT, 1, NFPROTO_INET }), .sends = { true, true });
	ASSERT_RULES(rules_of(&(struct chain){ "nat", NF_INET_LOCAL_OUT, 1, NFPROTO_IPV4 }), .sends = { true, false });
	ASSERT_RULES(rules_of(&(struct chain){ "nat", NF_INET_PRE_ROUTING, 1, NFPROTO_IPV6 }),
		     .arrives = { false, true });
	ASSERT_RULES(rules_of(&(struct chain){ "nat", NF_INET_POST_ROUTING, 1, NFPROTO_IPV4 }),
		     .leaves = { true, false });
	ASSERT_RULES(rules_of(&(struct chain){ "nat", NF_INET_LOCAL_OUT, 0, NFPROTO_INET }), .sends = { false });
	ASSERT_RULES(rules_of(&(struct chain){ "nat", NF_INET_LOCAL_IN, 1, NFPROTO_INET }), .sends = { false });
	ASSERT_RULES(rules_of(&(struct chain){ "filter", NF_INET_LOCAL_OUT, 1, NFPROTO_INET }), .sends = { false });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),  cmocka_unit_test(entries), cmocka_unit_test(cut),
		cmocka_unit_test(question), cmocka_unit_test(chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
