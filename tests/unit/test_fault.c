/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lab/fault.h"
#include "lab/fault_result.h"
#include "util/duration.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct fault parsed(const char *text)
{
	struct fault f = { 0 };
	struct err e = { 0 };

	if (fault_parse(text, &f, &e))
		fail_msg("%s: %s", text, e.what);
	assert_string_equal(f.text, text);
	return f;
}

static void kinds(void **state)
{
	static const struct {
		const char *text;
		enum fault_kind kind;
		int n;
	} rows[] = {
		{ "syn-drop", FAULT_SYN_DROP, 0 },
		{ "syn-drop:3", FAULT_SYN_DROP, 3 },
		{ "synack-drop:1", FAULT_SYN_ACK_DROP, 1 },
		{ "ack-drop:1000000", FAULT_ACK_DROP, 1000000 },
		{ "rst", FAULT_RST, 0 },
		{ "rst:bad-ack", FAULT_RST_BAD_ACK, 0 },
		{ "synack:bad-ack", FAULT_SYN_ACK_BAD, 0 },
		{ "duplicate", FAULT_DUPLICATE, 0 },
		{ "conntrack-stale", FAULT_CONNTRACK_STALE, 0 },
		{ "backlog-full", FAULT_BACKLOG_FULL, 0 },
		{ "no-accept", FAULT_NO_ACCEPT, 0 },
		{ "no-route", FAULT_NO_ROUTE, 0 },
		{ "no-neighbour", FAULT_NO_NEIGHBOUR, 0 },
		{ "blackhole-route", FAULT_BLACKHOLE_ROUTE, 0 },
		{ "prohibit-route", FAULT_PROHIBIT_ROUTE, 0 },
	};
	size_t i;

	for (i = 0; i < N(rows); i++) {
		assert_int_equal(parsed(rows[i].text).kind, rows[i].kind);
		assert_int_equal(parsed(rows[i].text).n, rows[i].n);
	}
	assert_int_equal(parsed("reorder").kind, FAULT_REORDER);
	assert_int_equal(parsed("reorder").delay_ns, 20 * NS_PER_MS);
}

static void amounts(void **state)
{
	static const struct {
		const char *text;
		uint32_t ppm;
	} losses[] = { { "loss:30%", 300000 },	    { "loss:0.0001%", 1 }, { "loss-all:100%", 1000000 },
		       { "loss-all:2.5", 25000 },   { "loss:0%", 0 },	   { "loss:99.9999%", 999999 },
		       { "loss:100.0000", 1000000 } };
	struct fault f;
	size_t i;

	for (i = 0; i < N(losses); i++)
		assert_int_equal(parsed(losses[i].text).loss_ppm, losses[i].ppm);
	f = parsed("delay:100ms");
	assert_true(f.kind == FAULT_DELAY && f.delay_ns == 100 * NS_PER_MS && !f.jitter_ns);
	f = parsed("delay-all:1s\xc2\xb1"
		   "250ms");
	assert_true(f.kind == FAULT_DELAY_ALL && f.delay_ns == NS_PER_S && f.jitter_ns == 250 * NS_PER_MS);
	f = parsed("delay:0.5+-0.5");
	assert_true(f.delay_ns == NS_PER_S / 2 && f.jitter_ns == NS_PER_S / 2);
	f = parsed("delay:2s+/-1ms");
	assert_int_equal(f.jitter_ns, NS_PER_MS);
}

static void words(void **state)
{
	static const char *const options[] = { "sack", "timestamps", "mptcp", "tfo", "ecn" };
	char text[64];
	struct fault f;
	size_t i;

	for (i = 0; i < N(options); i++) {
		snprintf(text, sizeof(text), "strip:%s", options[i]);
		f = parsed(text);
		assert_true(f.kind == FAULT_STRIP && f.option == (enum fault_option)i);
		snprintf(text, sizeof(text), "drop-option:%s", options[i]);
		f = parsed(text);
		assert_true(f.kind == FAULT_DROP_OPTION && f.option == (enum fault_option)i);
	}
	f = parsed("firewall:drop");
	assert_true(f.kind == FAULT_FIREWALL && !f.reject && !f.input);
	f = parsed("firewall:reject:in");
	assert_true(f.reject && f.input);
	f = parsed("firewall:drop:out");
	assert_true(!f.reject && !f.input);
}

static void icmp_kinds(void **state)
{
	static const struct {
		const char *word;
		int type4, code4, type6, code6; /* -1: not in that family */
	} rows[] = {
		{ "net", 3, 0, 1, 0 },	       { "host", 3, 1, 1, 3 },	      { "port", 3, 3, 1, 4 },
		{ "proto", 3, 2, 4, 1 },       { "admin", 3, 13, 1, 1 },      { "net-admin", 3, 9, 1, 1 },
		{ "host-admin", 3, 10, 1, 1 }, { "frag", 3, 4, 2, 0 },	      { "ttl", 11, 0, 3, 0 },
		{ "noroute", -1, -1, 1, 0 },   { "addr", -1, -1, 1, 3 },      { "policy", -1, -1, 1, 5 },
		{ "too-big", -1, -1, 2, 0 },   { "hop-limit", -1, -1, 3, 0 }, { "reject-route", -1, -1, 1, 6 },
	};
	char text[64];
	struct fault f;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		snprintf(text, sizeof(text), "icmp:%s", rows[i].word);
		f = parsed(text);
		assert_int_equal(f.kind, FAULT_ICMP);
		assert_int_equal(f.has_icmp4, rows[i].type4 >= 0);
		assert_true(!f.has_icmp4 || (f.icmp4_type == rows[i].type4 && f.icmp4_code == rows[i].code4));
		assert_true(f.has_icmp6 && f.icmp6_type == rows[i].type6 && f.icmp6_code == rows[i].code6);
	}
}

static struct endpoint at(const char *text)
{
	struct endpoint e = { 0 };

	assert_int_equal(endpoint_parse(text, &e), 0);
	return e;
}

static void scopes(void **state)
{
	static const struct {
		const char *text, *in, *out;
	} rows[] = {
		{ "rst", "10.0.0.1:1", NULL },
		{ "rst@10.0.0.1", "10.0.0.1:80", "10.0.0.2:80" },
		{ "rst@10.0.0.1:80", "10.0.0.1:80", "10.0.0.1:81" },
		{ "rst@:80", "[::1]:80", "[::1]:81" },
		{ "rst@v4", "10.0.0.1:80", "[::1]:80" },
		{ "rst@v6", "[::1]:80", "10.0.0.1:80" },
		{ "rst@v6@:80", "[::1]:80", "[::1]:81" },
		{ "rst@:80@v6@::1", "[::1]:80", "10.0.0.1:80" },
		{ "rst@2001:db8::1", "[2001:db8::1]:80", "[2001:db8::2]:80" },
		{ "rst@[2001:db8::1]", "[2001:db8::1]:80", "[2001:db8::2]:80" },
		{ "rst@[2001:db8::1]:443", "[2001:db8::1]:443", "[2001:db8::1]:80" },
		{ "icmp:host@10.0.0.1@v4", "10.0.0.1:80", "10.0.0.2:80" },
	};
	struct endpoint e;
	struct fault f;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		f = parsed(rows[i].text);
		e = at(rows[i].in);
		assert_true(fault_concerns(&f.scope, &e));
		if (rows[i].out) {
			e = at(rows[i].out);
			assert_false(fault_concerns(&f.scope, &e));
		}
	}
}

/* A name concerns nothing until somebody resolves it. */
static void names(void **state)
{
	struct fault f = parsed("syn-drop:1@db.internal.:5432@v6");
	struct endpoint v4 = at("10.0.0.1:5432"), v6 = at("[fd00::2]:5432"), other = at("[fd00::2]:5433");

	assert_string_equal(f.scope.host, "db.internal.");
	assert_int_equal(f.scope.n_addrs, 0);
	assert_false(fault_concerns(&f.scope, &v6));
	f.scope.addrs[0] = v4.addr;
	f.scope.addrs[1] = v6.addr;
	f.scope.n_addrs = 2;
	assert_true(fault_concerns(&f.scope, &v6));
	assert_false(fault_concerns(&f.scope, &v4));
	assert_false(fault_concerns(&f.scope, &other));
}

static void errors(void **state)
{
	static const struct {
		const char *text, *what, *remedy;
	} rows[] = {
		{ "", "fault is missing", "syn-drop, " },
		{ "syn-dorp", "'syn-dorp' is no fault", "did you mean syn-drop?" },
		{ "synack-drpo:1", "no fault", "did you mean synack-drop?" },
		{ "quux", "'quux' is no fault", "there are: syn-drop, " },
		{ "syn-drop:0", "'0'", "" },
		{ "syn-drop:", "''", "" },
		{ "syn-drop:-1", "'-1'", "" },
		{ "syn-drop:1000001", "'1000001'", "" },
		{ "syn-drop:99999999999999999999", "number of packets", "" },
		{ "rst:badack", "'badack'", "did you mean bad-ack?" },
		{ "synack", "a kind of answer is missing", "there are: bad-ack" },
		{ "icmp", "a kind of ICMP error is missing", "there are: net, host, " },
		{ "icmp:prot", "'prot'", "did you mean proto?" },
		{ "delay", "'' is not a duration", "" },
		{ "delay:fast", "'fast' is not a duration", "" },
		{ "delay:1s+-2s", "less than nothing", "" },
		{ "delay:1s+-", "'' is not a duration", "" },
		{ "loss:101%", "more than all", "" },
		{ "loss:1.23456%", "four decimals", "" },
		{ "loss:.5%", "share", "" },
		{ "loss:1.%", "share", "" },
		{ "loss:5%%", "share", "" },
		{ "loss", "share", "" },
		{ "strip:sak", "'sak' is no TCP option", "did you mean sack?" },
		{ "firewall", "verdict is missing", "there are: drop, reject" },
		{ "firewall:rejct", "'rejct'", "did you mean reject?" },
		{ "firewall:drop:up", "'up' is no direction", "there are: in, out" },
		{ "no-route:1", "takes nothing", "" },
		{ "rst@", "no host and no port", "HOST:PORT" },
		{ "rst@:0", "not a port", "" },
		{ "rst@h:65536", "not a port", "" },
		{ "rst@h:80x", "not a port", "" },
		{ "rst@a b", "neither an address nor", "" },
		{ "rst@10.0.0.256", "neither an address nor", "" },
		{ "rst@a..b", "neither an address nor", "" },
		{ "rst@[::1", "[ADDRESS]:PORT", "" },
		{ "rst@[10.0.0.1]", "only an IPv6 address", "" },
		{ "rst@[db]:80", "only an IPv6 address", "" },
		{ "rst@[::1]80", "[ADDRESS]:PORT", "" },
		{ "rst@v4@v6", "'@v6'", "" },
		{ "rst@a@b", "'@b'", "" },
		{ "rst@a:1@:2", "'@:2'", "" },
		{ "rst@v6@10.0.0.1", "10.0.0.1 has no IPv6 address", "" },
		{ "rst@::1@v4", "::1 has no IPv4 address", "" },
	};
	struct fault f = { .n = 77 };
	size_t i;

	for (i = 0; i < N(rows); i++) {
		struct err e = { 0 };

		if (fault_parse(rows[i].text, &f, &e) != -EINVAL)
			fail_msg("%s is taken", rows[i].text);
		assert_int_equal(e.exit_code, 2);
		if (!strstr(e.what, rows[i].what) || !strstr(e.remedy, rows[i].remedy))
			fail_msg("%s: %s (%s)", rows[i].text, e.what, e.remedy);
		assert_int_equal(f.n, 77);
	}
	assert_int_equal(fault_parse("nonsense", &f, NULL), -EINVAL);
}

/* Nothing is too long to be refused. */
static void lengths(void **state)
{
	char text[2 * FAULT_TEXT_LEN];
	struct err e = { 0 };
	struct fault f;
	size_t i, taken = 0;

	for (i = 1; i + 5 < sizeof(text); i++) {
		memset(text, 'x', sizeof(text));
		memcpy(text, "rst@", 4);
		text[4 + i] = 0;
		taken += !fault_parse(text, &f, &e);
	}
	assert_int_equal(taken, 63); /* one label */
	for (i = 4; i < sizeof(text); i += 2)
		memcpy(text + i, "x.", 2);
	text[4 + 255] = 0;
	assert_int_equal(fault_parse(text, &f, &e), 0);
	text[4 + 255] = 'x';
	text[4 + 256] = 0;
	assert_int_equal(fault_parse(text, &f, &e), -EINVAL);
}

static int kind_rows(enum fault_kind kind)
{
	const struct fault_effect *row;
	int n = 0;

	for (row = fault_effects; row->text; row++)
		n += parsed(row->text).kind == kind;
	return n;
}

static void check_row(const struct fault_effect *row)
{
	struct fault f = parsed(row->text);
	bool connects = row->error4 == 0;

	assert_true(strlen(row->what) > 10 && strlen(row->what) < 110);
	assert_memory_equal(row->form, row->text, strcspn(row->form, ":["));
	assert_int_equal(connects, row->outcome4 == OUTCOME_ESTABLISHED);
	assert_int_equal(row->error6 == 0, row->outcome6 == OUTCOME_ESTABLISHED);
	assert_int_equal(row->error4 == -1, row->outcome4 == OUTCOME_NONE);
	assert_int_equal(row->error4 == -1, f.kind == FAULT_ICMP && !f.has_icmp4);
	assert_int_equal(row->error4 == ETIMEDOUT, row->outcome4 == OUTCOME_TIMED_OUT);
	assert_int_equal(row->error6 == ETIMEDOUT, row->outcome6 == OUTCOME_TIMED_OUT);
	assert_int_equal(row->syns == -1, row->when == WHEN_CHANCE);
	assert_true(row->when != WHEN_RETRANSMITTED || f.n == row->syns - 1);
	assert_true(row->when != WHEN_DELAYED || f.delay_ns);
}

static void effects(void **state)
{
	const struct fault_effect *row;
	const char *const *name;
	enum fault_kind kind;
	bool found;

	for (row = fault_effects; row->text; row++)
		check_row(row);
	for (kind = FAULT_NONE + 1; kind < FAULT_KIND_N; kind++)
		assert_true(kind_rows(kind) >= 1);
	assert_int_equal(kind_rows(FAULT_ICMP), 15);
	for (name = fault_names(); *name; name++) {
		found = false;
		for (row = fault_effects; row->text && !found; row++)
			found = strcspn(row->text, ":") == strlen(*name) && !strncmp(row->text, *name, strlen(*name));
		assert_true(found);
	}
}

static int hz = 250;

static struct fault_result result(const char *text, int retries, int linear)
{
	const struct fault_effect *row = fault_effects;
	struct fault_result r;
	struct policy p;

	policy_default(0, &p);
	p.retries = retries;
	p.linear = linear;
	p.hz = hz;
	while (strcmp(row->text, text))
		row++;
	fault_result(row, &p, &r);
	return r;
}

static void assert_result(const char *text, int retries, int linear, int error4, int error6, int64_t ms, int syns)
{
	struct fault_result r = result(text, retries, linear);

	assert_int_equal(r.error4, error4);
	assert_int_equal(r.error6, error6);
	assert_int_equal(r.ns, ms < 0 ? -1 : ms * 1000000);
	assert_int_equal(r.syns, syns);
	assert_int_equal(r.outcome4 == OUTCOME_TIMED_OUT, error4 == ETIMEDOUT);
	assert_int_equal(r.outcome6 == OUTCOME_TIMED_OUT, error6 == ETIMEDOUT);
}

/* A row with the numbers of a policy. */
static void results(void **state)
{
	assert_result("syn-drop", 2, 0, ETIMEDOUT, ETIMEDOUT, 7000, 3);
	assert_result("syn-drop", 6, 4, ETIMEDOUT, ETIMEDOUT, 131000, 11);
	assert_result("syn-drop:1", 6, 4, 0, 0, 1000, 2);
	assert_result("rst:bad-ack", 2, 0, ETIMEDOUT, ETIMEDOUT, 6000, 3);
	assert_result("icmp:proto", 2, 0, ENOPROTOOPT, EPROTO, 0, 1);
	assert_result("delay:100ms", 2, 0, 0, 0, 200, 1);
	assert_result("loss:30%", 2, 0, 0, 0, -1, -1);
	assert_result("firewall:drop", 2, 0, ETIMEDOUT, ETIMEDOUT, 7000, 0);
}

/* As measured for each: the kernel's word on the neighbour comes 3.06 s after SYN 0. */
static void no_neighbour(void **state)
{
	assert_result("no-neighbour", 6, 4, EHOSTUNREACH, EHOSTUNREACH, 3000, 0);
	assert_result("no-neighbour", 3, 0, EHOSTUNREACH, EHOSTUNREACH, 3000, 0);
	assert_result("no-neighbour", 2, 1, EHOSTUNREACH, EHOSTUNREACH, 3000, 0);
	assert_result("no-neighbour", 2, 2, EHOSTUNREACH, EHOSTUNREACH, 3000, 0);
	assert_result("no-neighbour", 2, 0, ETIMEDOUT, EHOSTUNREACH, 3000, 0);
	assert_result("no-neighbour", 1, 1, ETIMEDOUT, EHOSTUNREACH, 3000, 0);
	assert_result("no-neighbour", 1, 0, ETIMEDOUT, ETIMEDOUT, 3000, 0);
	assert_result("no-neighbour", 1, 4, ETIMEDOUT, ETIMEDOUT, 3000, 0);
}

/*
 * The third failure and the end of 1 s and 2 s come in one jiffy, the neighbour's first; as measured at 1000 Hz with 2
 * retries (Linux 6.8).
 */
static void no_neighbour_at_other_hz(void **state)
{
	static const int hzs[] = { 100, 1000 };
	size_t i;

	for (i = 0; i < sizeof(hzs) / sizeof(hzs[0]); i++) {
		hz = hzs[i];
		assert_result("no-neighbour", 2, 0, EHOSTUNREACH, EHOSTUNREACH, 3000, 0);
		assert_result("no-neighbour", 1, 0, ETIMEDOUT, EHOSTUNREACH, 3000, 0);
		assert_result("no-neighbour", 1, 1, ETIMEDOUT, EHOSTUNREACH, 3000, 0);
		assert_result("no-neighbour", 1, 4, ETIMEDOUT, ETIMEDOUT, 3000, 0);
		assert_result("no-neighbour", 6, 4, EHOSTUNREACH, EHOSTUNREACH, 3000, 0);
	}
	hz = 250;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),   cmocka_unit_test(amounts),
		cmocka_unit_test(words),   cmocka_unit_test(icmp_kinds),
		cmocka_unit_test(scopes),  cmocka_unit_test(names),
		cmocka_unit_test(errors),  cmocka_unit_test(lengths),
		cmocka_unit_test(effects), cmocka_unit_test(no_neighbour_at_other_hz),
		cmocka_unit_test(results), cmocka_unit_test(no_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
