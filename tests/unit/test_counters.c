// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sources/counters.h"
#include "sources/sysctls.h"

static const char text[] =
	"TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts TCPAbortOnTimeout TCPSynRetrans\n"
	"TcpExt: 0 3 4 12 2 10\n"
	"IpExt: InNoRoutes TCPTimeouts\n"
	"IpExt: 7 8\n"
	"Ip: Forwarding DefaultTTL\n"
	"Ip: 2 64\n"
	"Tcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens AttemptFails\n"
	"Tcp: 1 -1 5000000000 6 9\n";

static void test_values_by_name(void **state)
{
	struct counters c;

	counters_parse(text, &c);
	assert_int_equal(c.listen_overflows, 3);
	assert_int_equal(c.listen_drops, 4);
	assert_int_equal(c.timeouts, 12); /* not IpExt's of the same name */
	assert_int_equal(c.abort_on_timeout, 2);
	assert_int_equal(c.syn_retrans, 10);
	assert_true(c.active_opens == 5000000000);
	assert_int_equal(c.attempt_fails, 9);
	assert_int_equal(c.locked_icmps, -1); /* this kernel has none */
}

/* Cut anywhere, it gives what is whole, and never a value under a wrong name. */
static void test_cut_text(void **state)
{
	char cut[sizeof(text)];
	struct counters c;

	for (size_t n = 0; n < sizeof(text); n++) {
		memcpy(cut, text, n);
		cut[n] = '\0';
		counters_parse(cut, &c);
		assert_true(c.listen_overflows == 3 || c.listen_overflows == -1);
		assert_true(c.attempt_fails == 9 || c.attempt_fails == -1);
		assert_int_equal(c.locked_icmps, -1);
	}
}

static void test_odd_text(void **state)
{
	struct counters c;

	counters_parse("TcpExt: ListenDrops ListenOverflows\nTcp: 1 2\nTcp: ActiveOpens\nTcp: 5\n", &c);
	assert_int_equal(c.listen_drops, -1);
	assert_int_equal(c.active_opens, -1); /* "Tcp: 1 2" was taken for names */
	counters_parse("TcpExt: ListenDrops ListenOverflows TCPTimeouts\nTcpExt: x 2\n", &c);
	assert_int_equal(c.listen_drops, -1);
	assert_int_equal(c.listen_overflows, 2);
	assert_int_equal(c.timeouts, -1);
	counters_parse("\n\n\n", &c);
	assert_int_equal(c.timeouts, -1);
}

static void test_this_kernel(void **state)
{
	struct counters c;

	assert_int_equal(counters_read(&c), 0);
	assert_true(c.active_opens >= 0);
	assert_true(c.abort_on_timeout >= 0);
}

static void test_sysctls(void **state)
{
	char version[32];
	struct err e = { 0 };
	struct policy p;
	long v;

	assert_int_equal(sysctls_policy(&p, &e), 0);
	assert_int_equal(sysctls_get("ipv4/tcp_syn_retries", &v), 0);
	assert_int_equal(p.retries, v);
	assert_true(p.retries >= POLICY_RETRIES_MIN && p.retries <= POLICY_RETRIES_MAX);
	assert_true(p.hz >= POLICY_HZ_MIN && p.hz <= POLICY_HZ_MAX);
	assert_true(p.rto_max_ms >= POLICY_RTO_MAX_MS_MIN && p.rto_max_ms <= POLICY_RTO_MAX_MS_MAX);
	assert_int_equal(p.kernel, kernel_version(version, sizeof(version)));
	assert_int_not_equal(p.kernel, 0);
	assert_int_not_equal(version[strlen(version) - 1], '.');
	assert_int_equal(strspn(version, "0123456789."), strlen(version));

	assert_int_equal(sysctls_get("ipv4/tcp_no_such_thing", &v), -ENOENT);
	assert_int_equal(sysctls_set("ipv4/tcp_no_such_thing", 5, &e), -ENOENT);
	assert_string_equal(e.what, "this kernel has no sysctl net.ipv4.tcp_no_such_thing, so it cannot be set to 5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_by_name), cmocka_unit_test(test_cut_text), cmocka_unit_test(test_odd_text),
		cmocka_unit_test(test_this_kernel),    cmocka_unit_test(test_sysctls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
