/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "sources/rules_fit.h"

/* A SYN from 10.0.0.7:40000 to 10.0.0.2:443, or with IPv6, on its way in by a device that is not lo. */
static struct rules_case to_443(const char *src, const char *dst)
{
	struct rules_case k = { .way = RULES_WAY_IN, .device = RULES_DEVICE_OTHER };

	assert_int_equal(endpoint_parse(src, &k.src) | endpoint_parse(dst, &k.dst), 0);
	return k;
}

static struct rules_case four(void)
{
	return to_443("10.0.0.7:40000", "10.0.0.2:443");
}

static struct rules_case six(void)
{
	return to_443("[2001:db8::7]:40000", "[2001:db8::2]:443");
}

static bool fits(enum rule_maker maker, const char *family, const char *text, const struct rules_case *k)
{
	struct rulecount c = { .maker = maker, .answer = RULE_ANSWER_NONE };

	c.family = (char *)(uintptr_t)family;
	c.text = (char *)(uintptr_t)text;
	return rules_fit(&c, k);
}

struct row {
	const char *text;
	bool four, six;
};

static void check(enum rule_maker maker, const char *family, const struct row *t, size_t n)
{
	const struct rules_case k4 = four(), k6 = six();

	for (size_t i = 0; i < n; i++) {
		if (fits(maker, family, t[i].text, &k4) != t[i].four || fits(maker, family, t[i].text, &k6) != t[i].six)
			fail_msg("%s", t[i].text);
	}
}

static void nft(void **state)
{
	static const struct row t[] = {
		{ "counter drop", true, true },
		{ "tcp dport 443 counter drop", true, true },
		{ "tcp dport 5555 counter drop", false, false },
		{ "counter tcp dport 5555 drop", false, false },
		{ "tcp dport != 443 drop", false, false },
		{ "tcp dport != 22 drop", true, true },
		{ "tcp dport != { 22, 443 } drop", false, false },
		{ "tcp dport { 22, 400-450 } drop", true, true },
		{ "tcp dport { 22, 80 } drop", false, false },
		{ "tcp dport 1-442 drop", false, false },
		{ "tcp dport > 1023 drop", false, false },
		{ "tcp dport >= 443 drop", true, true },
		{ "tcp dport < 443 drop", false, false },
		{ "tcp dport @bad drop", true, true },
		{ "tcp dport https drop", true, true },
		{ "tcp dport vmap { 22 : accept, 23 : drop }", true, true },
		{ "tcp dport { 1, 2, @more } drop", true, true },
		{ "tcp sport 443 drop", false, false },
		{ "tcp sport 1024-65535 tcp dport 443 drop", true, true },
		{ "tcp dport 443 tcp sport 1 drop", false, false },
		{ "tcp flags syn / fin,syn,rst,ack tcp dport 1 drop", false, false },
		{ "th dport 53 drop", false, false },
		{ "udp dport 443 drop", false, false },
		{ "icmp type echo-request drop", false, false },
		{ "meta l4proto udp th dport 443 drop", false, false },
		{ "meta l4proto { tcp, udp } th dport 443 drop", true, true },
		{ "meta l4proto != tcp drop", false, false },
		{ "meta l4proto @p th dport 1 drop", false, false },
		{ "ip protocol tcp drop", true, false },
		{ "ip6 nexthdr udp drop", false, false },
		{ "meta nfproto ipv6 drop", false, true },
		{ "meta protocol ip drop", true, false },
		{ "meta protocol != ip drop", false, true },
		{ "meta protocol { ip, ip6 } drop", true, true },
		{ "ip saddr 10.0.0.7 drop", true, false },
		{ "ip saddr 10.0.0.2 drop", false, false },
		{ "ip saddr != 10.0.0.7 drop", false, false },
		{ "ip saddr 10.0.0.0/29 ip daddr 10.0.0.1-10.0.0.3 drop", true, false },
		{ "ip saddr { 192.0.2.0/24, 10.0.0.6 } drop", false, false },
		{ "ip daddr & 0.0.0.255 == 0.0.0.2 drop", true, false },
		{ "ip6 daddr 2001:db8::/32 drop", false, true },
		{ "ip6 daddr 2001:db8:1::/48 drop", false, false },
		{ "ip6 daddr { fe80::/10, 2001:db8::2 } drop", false, true },
		{ "ip saddr . tcp dport { 10.0.0.9 . 80 } drop", true, false },
		{ "ip6 saddr . tcp dport @pairs drop", false, true },
		{ "ct state invalid drop", true, true },
		{ "ct original ip daddr 192.0.2.1 drop", true, true },
		{ "ct reply proto-dst 80 drop", true, true },
		{ "fib saddr . iif oif missing drop", true, true },
		{ "iif \"lo\" drop", false, false },
		{ "iifname != \"lo\" drop", true, true },
		{ "iifname \"eth0\" drop", true, true },
		{ "iifname { \"lo\", \"eth*\" } drop", true, true },
		{ "oifname \"lo\" drop", true, true },
		{ "log prefix \"tcp dport 5555 udp \" drop", true, true },
		{ "tcp dport 443 reject with icmp type port-unreachable", true, true },
		{ "limit rate over 5/second burst 5 packets drop", true, true },
		{ "add @seen { ip6 saddr } tcp dport 443 drop", true, true },
		{ "tcp dport", true, true },
		{ "tcp dport !=", true, true },
		{ "tcp dport { } drop", true, true },
		{ "tcp dport 99999999999999999999 drop", true, true },
	};

	check(RULE_NFT, "inet", t, sizeof(t) / sizeof(t[0]));
}

static void saved(void **state)
{
	static const struct row t[] = {
		{ "-j DROP", true, true },
		{ "-p tcp -m tcp --dport 443 -j DROP", true, true },
		{ "-p tcp -m tcp --dport 5555 -j DROP", false, false },
		{ "-p tcp -m tcp ! --dport 443 -j DROP", false, false },
		{ "-p tcp -m tcp --sport 1024:65535 --dport 440:450 -j DROP", true, true },
		{ "-p tcp -m multiport --dports 22,400:450 -j DROP", true, true },
		{ "-p tcp -m multiport --dports 22,80 -j DROP", false, false },
		{ "-p udp -m udp --dport 443 -j DROP", false, false },
		{ "! -p tcp -j DROP", false, false },
		{ "-p all -j DROP", true, true },
		{ "-s 10.0.0.0/24 -j DROP", true, false },
		{ "! -s 10.0.0.7/32 -j DROP", false, true },
		{ "-s 10.0.0.0/255.0.255.0 -j DROP", true, false },
		{ "-d 2001:db8::2/128 -j DROP", false, true },
		{ "-i lo -j DROP", false, false },
		{ "-i eth+ -j DROP", true, true },
		{ "-m set --match-set bad src -j DROP", true, true },
		{ "-m string --string \"x \\\" --dport 5 \" --algo bm -j DROP", true, true },
	};

	check(RULE_IPTABLES_LEGACY, NULL, t, sizeof(t) / sizeof(t[0]));
}

static void replies(void **state)
{
	struct rules_case k = to_443("10.0.0.2:443", "10.0.0.7:40000");

	assert_true(fits(RULE_NFT, "inet", "tcp sport 443 drop", &k));
	assert_false(fits(RULE_NFT, "inet", "tcp dport 443 drop", &k));
	assert_true(fits(RULE_IPTABLES_LEGACY, "ip", "-s 10.0.0.2/32 -p tcp -j DROP", &k));
}

/* A socket that user 1000 opened, or one whose owner is not known. */
static void owners(void **state)
{
	static const struct {
		enum rule_maker maker;
		const char *text;
		bool fits;
	} t[] = {
		{ RULE_NFT, "meta skuid 1001 drop", false },
		{ RULE_NFT, "meta skuid 1000 drop", true },
		{ RULE_NFT, "meta skuid != 1000 drop", false },
		{ RULE_NFT, "meta skuid != 1001 drop", true },
		{ RULE_NFT, "tcp dport 443 meta skuid { 0, 33, 1001-1005 } drop", false },
		{ RULE_NFT, "meta skuid { 0, 999-1005 } drop", true },
		{ RULE_NFT, "meta skuid > 1000 drop", false },
		{ RULE_NFT, "meta skuid >= 1000 drop", true },
		{ RULE_NFT, "meta skuid < 4294967294 drop", true },
		{ RULE_NFT, "meta skuid 4294967296 drop", true }, /* no uid: not understood */
		{ RULE_NFT, "meta skuid www-data drop", true },
		{ RULE_NFT, "meta skuid @users drop", true },
		{ RULE_NFT, "meta skuid vmap { 1001 : drop }", true },
		{ RULE_NFT, "meta skuid & 255 == 1 drop", true },
		{ RULE_NFT, "meta skgid 1001 drop", true }, /* a group is not known */
		{ RULE_NFT, "skuid 1001 counter drop", false },
		{ RULE_NFT, "skuid != 1000 counter drop", false },
		{ RULE_NFT, "skuid 1000-1005 counter drop", true },
		{ RULE_NFT, "skgid 1001 counter drop", true },
		{ RULE_NFT, "xt match \"owner\" counter drop", true },
		{ RULE_NFT, "meta skuid . tcp dport { 1001 . 443 } drop", true },
		{ RULE_NFT, "log prefix \"meta skuid 1001\" drop", true },
		{ RULE_NFT, "ct mark set meta skuid drop", true },
		{ RULE_IPTABLES_LEGACY, "-m owner --uid-owner 1001 -j DROP", false },
		{ RULE_IPTABLES_LEGACY, "-m owner --uid-owner 999-1001 -j DROP", true },
		{ RULE_IPTABLES_LEGACY, "-m owner ! --uid-owner 1000 -j DROP", false },
		{ RULE_IPTABLES_LEGACY, "-m owner ! --uid-owner 0-999 -j DROP", true },
		{ RULE_IPTABLES_LEGACY, "-m owner --gid-owner 1001 -j DROP", true },
		{ RULE_IPTABLES_LEGACY, "-m owner --socket-exists -j DROP", true },
	};
	struct rules_case known = four(), unknown = four();

	known.has_uid = true;
	known.uid = 1000;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (fits(t[i].maker, "ip", t[i].text, &known) != t[i].fits ||
		    !fits(t[i].maker, "ip", t[i].text, &unknown))
			fail_msg("%s", t[i].text);
	}
}

static void places(void **state)
{
	struct rulecount in = {
		.maker = RULE_NFT, .policy = true, .family = (char[]){ "inet" }, .hook = (char[]){ "input" }
	};
	struct rulecount out = { .maker = RULE_IPTABLES_LEGACY,
				 .family = (char[]){ "ip" },
				 .chain = (char[]){ "OUTPUT" } };
	struct rules_case k = four(), other = six();

	assert_true(rules_fit(&in, &k));
	assert_false(rules_fit(&out, &k));
	k.way = RULES_WAY_OUT;
	assert_false(rules_fit(&in, &k));
	assert_true(rules_fit(&out, &k));
	k.not_legacy = true;
	assert_false(rules_fit(&out, &k));
	k.not_legacy = false;
	k.not_nft = true;
	assert_true(rules_fit(&out, &k));
	k.way = RULES_WAY_IN;
	assert_false(rules_fit(&in, &k));
	k.not_nft = false;
	k.way = other.way = RULES_WAY_ANY;
	assert_true(rules_fit(&in, &k) && rules_fit(&out, &k));
	assert_true(rules_fit(&in, &other));
	assert_false(rules_fit(&out, &other));

	k = four();
	k.device = RULES_DEVICE_LO;
	assert_true(fits(RULE_NFT, "inet", "iifname \"lo\" drop", &k));
	assert_false(fits(RULE_NFT, "inet", "iifname \"eth0\" drop", &k));
	k.device = RULES_DEVICE_ANY;
	assert_true(fits(RULE_NFT, "inet", "iifname \"eth0\" drop", &k));
}

/* As nft and iptables-save print them. */
static const char ruleset[] = "table inet fw { # handle 1\n"
			      "\tchain in { # handle 1\n"
			      "\t\ttype filter hook input priority 0; policy drop;\n"
			      "\t\tcounter packets 1 bytes 60 drop # handle 2\n"
			      "\t\treject with tcp reset # handle 3\n"
			      "\t\tcounter packets 1 bytes 60 reject # handle 4\n"
			      "\t\treject with icmpx admin-prohibited # handle 5\n"
			      "\t\tcounter packets 1 bytes 60 xt target \"REJECT\" # handle 6\n"
			      "\t}\n"
			      "}\n";
static const char save[] = "*filter\n"
			   ":INPUT DROP [1:60]\n"
			   "[1:60] -A INPUT -j REJECT --reject-with tcp-reset\n"
			   "[1:60] -A INPUT -j REJECT --reject-with icmp-port-unreachable\n"
			   "[1:60] -A INPUT -j TARPIT\n"
			   "COMMIT\n";

/* Each by what it answers: by none, with an RST, with an ICMP error. */
static void answers(void **state)
{
	static const struct {
		bool none, rst, icmp, uncounted;
	} t[] = {
		{ true, false, false, true }, /* nft's policy */
		{ true, false, false, false }, { false, true, false, true },
		{ false, false, true, false }, { false, false, true, true },
		{ true, true, true, false },   { true, false, false, false }, /* iptables' policy */
		{ false, true, false, false }, { false, false, true, false },
		{ true, true, true, false },
	};
	struct rulecounts_list l = { 0 };

	assert_int_equal(rulecounts_from_nft(ruleset, &l) | rulecounts_from_save(save, "ip", &l), 0);
	assert_int_equal(l.n, sizeof(t) / sizeof(t[0]));
	assert_false(l.translates);
	for (size_t i = 0; i < l.n; i++) {
		struct rules_case k = four();

		k.answer = RULE_ANSWER_NONE;
		assert_int_equal(rules_fit(&l.items[i], &k), t[i].none);
		k.answer = RULE_ANSWER_RST;
		assert_int_equal(rules_fit(&l.items[i], &k), t[i].rst);
		k.answer = RULE_ANSWER_ICMP;
		assert_int_equal(rules_fit(&l.items[i], &k), t[i].icmp);
		k.answer = RULE_ANSWER_ANY;
		assert_true(rules_fit(&l.items[i], &k));
		assert_int_equal(l.items[i].uncounted, t[i].uncounted);
	}
	rulecounts_list_fini(&l);
}

static void translated(void **state)
{
	struct rulecounts_list l = { 0 };

	assert_int_equal(
		rulecounts_from_save("*nat\n[0:0] -A PREROUTING -p tcp -j REDIRECT --to-ports 8080\n", "ip", &l), 0);
	assert_true(l.translates);
	rulecounts_list_fini(&l);
	assert_int_equal(
		rulecounts_from_nft("table ip n {\n\tchain p {\n\t\ttcp dport 80 dnat to 10.0.0.1 # handle 2\n\t}\n}\n",
				    &l),
		0);
	assert_true(l.translates);
	rulecounts_list_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nft),	      cmocka_unit_test(saved),	cmocka_unit_test(replies),
		cmocka_unit_test(owners),     cmocka_unit_test(places), cmocka_unit_test(answers),
		cmocka_unit_test(translated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
