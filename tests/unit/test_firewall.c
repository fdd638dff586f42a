/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lab/firewall_text.h"

static struct firewall_rule rule(enum firewall_hook hook, enum firewall_match match, const char *server,
				 enum firewall_verdict verdict)
{
	struct firewall_rule r = { .hook = hook, .match = match, .verdict = verdict, .comment = "c-1" };

	assert_int_equal(endpoint_parse(server, &r.server), 0);
	return r;
}

static void texts(void **state)
{
	static const struct {
		enum firewall_hook hook;
		enum firewall_match match;
		const char *server;
		enum firewall_verdict verdict;
		const char *nft, *iptables;
	} t[] = {
		{ HOOK_INPUT, MATCH_TO_SERVER, "127.0.0.1:12345", FW_DROP,
		  "ip daddr 127.0.0.1 tcp dport 12345 counter drop",
		  "iptables -A INPUT -p tcp -d 127.0.0.1 --dport 12345 -j DROP" },
		{ HOOK_OUTPUT, MATCH_TO_SERVER, "[2001:db8::1]:80", FW_DROP,
		  "ip6 daddr 2001:db8::1 tcp dport 80 counter drop",
		  "ip6tables -A OUTPUT -p tcp -d 2001:db8::1 --dport 80 -j DROP" },
		{ HOOK_INPUT, MATCH_SYN_ACK, "127.0.0.1:12345", FW_DROP,
		  "ip saddr 127.0.0.1 tcp sport 12345 tcp flags & (syn | ack) == (syn | ack) counter drop",
		  "iptables -A INPUT -p tcp -s 127.0.0.1 --sport 12345 --tcp-flags SYN,ACK SYN,ACK -j DROP" },
		{ HOOK_INPUT, MATCH_TO_SERVER, "127.0.0.1:12345", FW_REJECT_RST,
		  "ip daddr 127.0.0.1 tcp dport 12345 counter reject with tcp reset",
		  "iptables -A INPUT -p tcp -d 127.0.0.1 --dport 12345 -j REJECT --reject-with tcp-reset" },
		{ HOOK_INPUT, MATCH_TO_SERVER, "127.0.0.1:12345", FW_REJECT_HOST_PROHIBITED,
		  "ip daddr 127.0.0.1 tcp dport 12345 counter reject with icmp host-prohibited",
		  "iptables -A INPUT -p tcp -d 127.0.0.1 --dport 12345 -j REJECT --reject-with icmp-host-prohibited" },
		{ HOOK_INPUT, MATCH_TO_SERVER, "[::1]:12345", FW_REJECT_HOST_PROHIBITED,
		  "ip6 daddr ::1 tcp dport 12345 counter reject with icmpv6 admin-prohibited",
		  "ip6tables -A INPUT -p tcp -d ::1 --dport 12345 -j REJECT --reject-with icmp6-adm-prohibited" },
		{ HOOK_INPUT, MATCH_LOOPBACK, "127.0.0.1:12345", FW_ACCEPT, "iifname \"lo\" counter accept",
		  "iptables -A INPUT -i lo -j ACCEPT" },
		{ HOOK_OUTPUT, MATCH_LOOPBACK, "127.0.0.1:12345", FW_ACCEPT, "oifname \"lo\" counter accept",
		  "iptables -A OUTPUT -o lo -j ACCEPT" },
		{ HOOK_INPUT, MATCH_LOOPBACK, "[::1]:12345", FW_REJECT_HOST_PROHIBITED,
		  "meta nfproto ipv6 iifname \"lo\" counter reject with icmpv6 admin-prohibited",
		  "ip6tables -A INPUT -i lo -j REJECT --reject-with icmp6-adm-prohibited" },
		{ HOOK_INPUT, MATCH_LOOPBACK, "127.0.0.1:1", FW_REJECT_RST,
		  "iifname \"lo\" meta l4proto tcp counter reject with tcp reset",
		  "iptables -A INPUT -i lo -p tcp -j REJECT --reject-with tcp-reset" },
	};
	char text[160];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct firewall_rule r = rule(t[i].hook, t[i].match, t[i].server, t[i].verdict);

		firewall_nft_text(&r, text, sizeof(text));
		assert_string_equal(text, t[i].nft);
		firewall_iptables_text(&r, text, sizeof(text));
		assert_string_equal(text, t[i].iptables);
	}
	firewall_nft_text(&(struct firewall_rule){ .server.addr.family = 4 }, text, 8);
	assert_string_equal(text, "ip dadd");
}

static void script(void **state)
{
	struct firewall_rule r = rule(HOOK_INPUT, MATCH_TO_SERVER, "127.0.0.1:12345", FW_DROP);
	struct buf b = { 0 };

	firewall_script_add(&r, 1, &b);
	assert_string_equal(buf_text(&b), "add table inet synsent\n"
					  "add chain inet synsent input { type filter hook input priority filter; "
					  "policy accept; }\n"
					  "add chain inet synsent output { type filter hook output priority filter; "
					  "policy accept; }\n"
					  "add rule inet synsent input ip daddr 127.0.0.1 tcp dport 12345 counter drop "
					  "comment \"c-1\"\n");
	buf_fini(&b);
}

/* A comment is put between quotes into a script that runs with power: nothing may end them. */
static void comments(void **state)
{
	static const char *const bad[] = { "", "a b", "a\"", "a;b", "a\n", "caf\xc3\xa9", "a_b", NULL };
	struct firewall_rule r = { .comment = "A-z-09" };
	char longest[66];
	struct err e;
	size_t i;

	assert_int_equal(firewall_check(&r, 1, &e), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r.comment = bad[i];
		assert_int_equal(firewall_check(&r, 1, &e), -EINVAL);
	}
	memset(longest, 'a', sizeof(longest));
	longest[64] = 0;
	r.comment = longest;
	assert_int_equal(firewall_check(&r, 1, &e), 0);
	longest[64] = 'a';
	longest[65] = 0;
	assert_int_equal(firewall_check(&r, 1, &e), -EINVAL);
}

/* As nft 1.0.6 prints it, with a rule of iptables-nft and one of another table. */
static const char stored[] =
	"{\"nftables\": [{\"metainfo\": {\"version\": \"1.0.6\", \"release_name\": \"Lester Gooch #5\", "
	"\"json_schema_version\": 1}}, {\"table\": {\"family\": \"inet\", \"name\": \"synsent\", \"handle\": 1}}, "
	"{\"chain\": {\"family\": \"inet\", \"table\": \"synsent\", \"name\": \"input\", \"handle\": 1, \"type\": "
	"\"filter\", \"hook\": \"input\", \"prio\": 0, \"policy\": \"accept\"}}, "
	"{\"rule\": {\"family\": \"ip\", \"table\": \"filter\", \"chain\": \"input\", \"handle\": 9, \"comment\": "
	"\"drop-1\", \"expr\": [{\"counter\": {\"packets\": 99, \"bytes\": 1}}, {\"xt\": null}]}}, "
	"{\"rule\": {\"family\": \"inet\", \"table\": \"synsent\", \"chain\": \"input\", \"handle\": 3, \"comment\": "
	"\"drop-1\", \"expr\": [{\"match\": {\"op\": \"==\", \"left\": {\"payload\": {\"protocol\": \"ip\", \"field\": "
	"\"daddr\"}}, \"right\": \"127.0.0.1\"}}, {\"match\": {\"op\": \"==\", \"left\": {\"payload\": {\"protocol\": "
	"\"tcp\", \"field\": \"dport\"}}, \"right\": 12345}}, {\"counter\": {\"packets\": 6, \"bytes\": 360}}, "
	"{\"drop\": null}]}}, "
	"{\"rule\": {\"family\": \"inet\", \"table\": \"synsent\", \"chain\": \"output\", \"handle\": 7, \"expr\": "
	"[{\"accept\": null}]}}]}";

static void parsing(void **state)
{
	struct firewall_rule rules[3] = { { HOOK_INPUT, .comment = "drop-1" },
					  { HOOK_OUTPUT, .comment = "drop-1" },
					  { HOOK_INPUT, .comment = "drop" } };
	struct firewall_state st[3];
	struct err e;
	int n;

	assert_int_equal(firewall_parse(stored, rules, 3, st, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_true(st[0].found);
	assert_int_equal(st[0].handle, 3);
	assert_int_equal(st[0].packets, 6);
	assert_int_equal(st[0].bytes, 360);
	assert_string_equal(st[0].chain, "input");
	assert_false(st[1].found);
	assert_false(st[2].found);
	assert_int_equal(firewall_parse("{\"nftables\": []}", rules, 3, st, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_false(st[0].found);
}

static void not_ours(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{}", "{\"nftables\": 3}", "\"nftables\"" };
	struct firewall_rule r = { .comment = "x" };
	struct firewall_state st;
	struct err e;
	char cut[sizeof(stored)];
	size_t i;
	int n;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(firewall_parse(bad[i], &r, 1, &st, &n, &e), -EPROTO);
	for (i = 0; i < sizeof(stored) - 1; i += 7) {
		memcpy(cut, stored, i);
		cut[i] = 0;
		assert_int_equal(firewall_parse(cut, &r, 1, &st, &n, &e), -EPROTO);
	}
	/* Of the right shape, but with other types inside. */
	assert_int_equal(
		firewall_parse("{\"nftables\": [3, {\"rule\": 4}, {\"rule\": {\"expr\": 5}}]}", &r, 1, &st, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_false(st.found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),   cmocka_unit_test(script),   cmocka_unit_test(comments),
		cmocka_unit_test(parsing), cmocka_unit_test(not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
