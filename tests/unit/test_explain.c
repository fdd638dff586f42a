/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/words.h"
#include "explain/match.h"
#include "explain/near.h"
#include "explain/words.h"
#include "lab/fault.h"

#define LINE_MAX_LEN 4096

/* The entry of that name or word and kind, or NULL. */
static const struct explain_entry *entry_of(const char *word, enum explain_kind kind)
{
	int i;

	for (i = 0; i < explain_n_entries; i++)
		if (explain_has_word(&explain_entries[i], word) && explain_entries[i].kinds & 1U << kind)
			return &explain_entries[i];
	return NULL;
}

/* Fails with a name, where assert_non_null() would show a pointer. */
static void must_have(const char *word, enum explain_kind kind)
{
	if (!entry_of(word, kind))
		fail_msg("no entry explains %s, as %s", word, explain_kind_word(kind));
}

static void must_have_all(const char *const *words, size_t n, enum explain_kind kind)
{
	size_t i;

	for (i = 0; i < n; i++)
		must_have(words[i], kind);
}

#define MUST_HAVE_ALL(list, kind) must_have_all(list, sizeof(list) / sizeof((list)[0]), kind)

static void every_word_of_a_verdict(void **state)
{
	int i;

	for (i = 1; i < OUTCOME_N; i++)
		must_have(outcome_word((enum outcome)i), EXPLAIN_OUTCOME);
	for (i = 1; i < GAVE_UP_N; i++)
		must_have(gave_up_by_word((enum gave_up_by)i), EXPLAIN_GAVE_UP_BY);
	for (i = 1; i < LIMIT_N; i++)
		must_have(limit_word((enum limit)i), EXPLAIN_LIMIT);
	for (i = 0; i < CONFIDENCE_N; i++)
		must_have(confidence_word((enum confidence)i), EXPLAIN_CONFIDENCE);
	for (i = 1; i < DROP_PLACE_N; i++)
		must_have(drop_place_word((enum drop_place)i), EXPLAIN_DROP);
	for (i = 1; i < REPLY_KIND_N; i++)
		must_have(reply_kind_word((enum reply_kind)i), EXPLAIN_REPLY);
	for (i = 1; i < IGNORED_N; i++)
		must_have(ignored_word((enum ignored)i), EXPLAIN_IGNORED);
}

/* Whatever connect() gets from it, the entry names. */
static void must_name_errno(const struct explain_entry *e, int code)
{
	const char *name = errno_name(code);

	if (code > 0 && code != ETIMEDOUT && !strstr(e->what, name) && !strstr(e->timer, name) &&
	    !strstr(e->wire, name))
		fail_msg("%s does not name %s", e->name, name);
}

/* By its first word; each as `synsent run --list` shows it; and each kind of ICMP by an entry that says more than
 * "icmp". */
static void every_fault(void **state)
{
	const struct explain_entry *found[1], *icmp = entry_of("icmp", EXPLAIN_FAULT);
	const char *const *name;
	const char *text;
	int i;

	for (name = fault_names(); *name; name++)
		must_have(*name, EXPLAIN_FAULT);
	for (i = 0; fault_effects[i].text; i++) {
		text = fault_effects[i].text;
		if (explain_words(text, found, 1) != 1 || !(found[0]->kinds & 1U << EXPLAIN_FAULT))
			fail_msg("no entry explains the fault %s", text);
		if (!strncmp(text, "icmp:", 5) && found[0] == icmp)
			fail_msg("no entry of its own explains %s", text);
		must_name_errno(found[0], fault_effects[i].error4);
		must_name_errno(found[0], fault_effects[i].error6);
	}
	assert_true(i > 20);
}

/* What connect() of a TCP socket can give, by name and by number. */
static void every_errno(void **state)
{
	static const int codes[] = {
		EPERM,	      EINTR,	   EAGAIN,	 EACCES,       EINVAL,	    ENONET,
		EPROTO,	      ENOPROTOOPT, EOPNOTSUPP,	 EAFNOSUPPORT, EADDRINUSE,  EADDRNOTAVAIL,
		ENETDOWN,     ENETUNREACH, ECONNABORTED, ECONNRESET,   EISCONN,	    ETIMEDOUT,
		ECONNREFUSED, EHOSTDOWN,   EHOSTUNREACH, EALREADY,     EINPROGRESS,
	};
	char number[16];
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		must_have(errno_name(codes[i]), EXPLAIN_ERRNO);
		snprintf(number, sizeof(number), "%d", codes[i]);
		must_have(number, EXPLAIN_ERRNO);
		assert_ptr_equal(entry_of(number, EXPLAIN_ERRNO), entry_of(errno_name(codes[i]), EXPLAIN_ERRNO));
	}
}

static void every_setting_counter_and_state(void **state)
{
	static const char *const settings[] = {
		"tcp_syn_retries",
		"net.ipv4.tcp_syn_retries",
		"tcp_syn_linear_timeouts",
		"tcp_rto_max_ms",
		"TCP_RTO_MAX_MS",
		"TCP_SYNCNT",
		"TCP_USER_TIMEOUT",
		"SO_SNDTIMEO",
		"tcp_synack_retries",
		"somaxconn",
		"tcp_max_syn_backlog",
		"tcp_abort_on_overflow",
		"tcp_syncookies",
		"ip_local_port_range",
		"tcp_tw_reuse",
	};
	static const char *const counters[] = {
		"ListenOverflows",  "ListenDrops",   "TCPReqQFullDrop",	  "TCPReqQFullDoCookies", "SyncookiesSent",
		"TCPSynRetrans",    "TCPTimeouts",   "TCPAbortOnTimeout", "TcpAttemptFails",	  "LockDroppedIcmps",
		"OutOfWindowIcmps", "IpOutNoRoutes", "TcpExtListenDrops", "TcpExtTCPSynRetrans",
	};
	static const char *const states[] = { "SYN_SENT", "SYN-SENT", "SYN_RECV", "SYN-RECV", "LISTEN" };

	MUST_HAVE_ALL(settings, EXPLAIN_SETTING);
	MUST_HAVE_ALL(counters, EXPLAIN_COUNTER);
	MUST_HAVE_ALL(states, EXPLAIN_STATE);
}

/* Something is said, in words, and not the same in two fields. */
static void entries_are_complete(void **state)
{
	const struct explain_entry *e;
	size_t f, g;
	int i;

	assert_true(explain_n_entries > 100);
	for (i = 0; i < explain_n_entries; i++) {
		const char *said[] = { explain_entries[i].what, explain_entries[i].timer, explain_entries[i].wire,
				       explain_entries[i].look, explain_entries[i].change };

		e = &explain_entries[i];
		assert_true(*e->name && e->kinds && e->kinds < 1U << EXPLAIN_KIND_N);
		assert_non_null(e->see[0]);
		if (e->kinds & 1U << EXPLAIN_MESSAGE && !e->texts[0])
			fail_msg("%s is a message without a text", e->name);
		for (f = 0; f < sizeof(said) / sizeof(said[0]); f++) {
			if (strlen(said[f]) < 4)
				fail_msg("%s says nothing in field %zu", e->name, f);
			for (g = 0; g < f; g++)
				if (strlen(said[f]) > 20 && !strcmp(said[f], said[g]))
					fail_msg("%s says the same twice: %s", e->name, said[f]);
		}
		if (strlen(e->what) < 20)
			fail_msg("%s says hardly anything: %s", e->name, e->what);
	}
}

static int match(struct matcher *m, const char *text, struct explain_match ret[MATCHES_MAX])
{
	char scratch[LINE_MAX_LEN];

	return matcher_line(m, text, strlen(text), scratch, ret);
}

/* A pattern as a program might print it. */
static void filled(const char *pattern, char *to, size_t len)
{
	size_t n = 0;

	for (; *pattern && n + 20 < len; pattern++) {
		if (*pattern == '*')
			n += (size_t)snprintf(to + n, len - n, "10.0.0.1:80: why");
		else if (*pattern == '#')
			n += (size_t)snprintf(to + n, len - n, "3002");
		else
			to[n++] = *pattern;
	}
	to[n] = '\0';
}

/* Whatever stands for the variable parts, and around it, the entry is found, and no other one is more specific. */
static void every_text_finds_its_entry(void **state)
{
	static const char *const around[][2] = { { "", "" },
						 { "2026-11-26 17:02:03 [error] ", " (try 3)" },
						 { "'", "'," } };
	struct explain_match found[MATCHES_MAX];
	struct matcher *m = matcher_new();
	char text[1024], line[LINE_MAX_LEN];
	const char *const *t;
	size_t k;
	int i;

	assert_non_null(m);
	for (i = 0; i < explain_n_entries; i++) {
		for (t = explain_entries[i].texts; *t; t++) {
			filled(*t, text, sizeof(text));
			for (k = 0; k < sizeof(around) / sizeof(around[0]); k++) {
				snprintf(line, sizeof(line), "%s%s%s", around[k][0], text, around[k][1]);
				if (!match(m, line, found))
					fail_msg("%s is not found in: %s", explain_entries[i].name, line);
				if (found[0].entry != &explain_entries[i])
					fail_msg("%s, not %s, is found first in: %s", found[0].entry->name,
						 explain_entries[i].name, line);
			}
		}
	}
	matcher_free(m);
}

/* As the programs printed them under `synsent lab`, or as they stand in logs. */
static void texts_as_they_are_printed(void **state)
{
	static const char *const texts[][2] = {
		{ "dial tcp 10.0.0.1:443: i/o timeout", "Go: dial timeout" },
		{ "Get \"http://10.0.0.1/\": dial tcp 10.0.0.1:80: connect: connection timed out",
		  "Go: the kernel's timeout" },
		{ "Get \"http://x/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
		  "Go: Client.Timeout" },
		{ "dial tcp [::1]:80: connect: connection refused", "Go: refused or unreachable" },
		{ "dial tcp: lookup db.internal: i/o timeout", "name look-up" },
		{ "dial tcp: lookup db on 10.0.0.2:53: read udp 10.0.0.1:5->10.0.0.2:53: i/o timeout", "name look-up" },
		{ "curl: (28) Failed to connect to 127.0.0.1 port 12345 after 3046 ms: Couldn't connect to server",
		  "curl: the kernel's timeout" },
		{ "curl: (28) Failed to connect to 127.0.0.1 port 12345 after 501 ms: Timeout was reached",
		  "curl's own timer" },
		{ "curl: (28) Connection timed out after 500 milliseconds", "curl's own timer" },
		{ "curl: (7) Failed to connect to 127.0.0.1 port 12345 after 0 ms: Couldn't connect to server",
		  "curl: (7)" },
		{ "curl: (6) Could not resolve host: db.internal", "curl: (6)" },
		{ "Connecting to 127.0.0.1:12345... failed: Connection timed out.", "wget: connect failed" },
		{ "nc: connect to 127.0.0.1 port 12345 (tcp) timed out: Operation now in progress", "nc" },
		{ "telnet: Unable to connect to remote host: Connection timed out", "telnet: unable to connect" },
		{ "ssh: connect to host 127.0.0.1 port 12345: Connection timed out", "ssh: connect to host" },
		{ "ssh: connect to host 127.0.0.1 port 22: Connection refused", "ssh: refused or unreachable" },
		{ "psql: error: connection to server at \"127.0.0.1\", port 12345 failed: Connection timed out",
		  "libpq: the kernel's timeout" },
		{ "psql: error: connection to server at \"127.0.0.1\", port 12345 failed: timeout expired",
		  "libpq: timeout expired" },
		{ "fatal: unable to access 'http://h/x/': Failed to connect to h port 443 after 130000 ms: Couldn't connect to server",
		  "git: failed to connect" },
		{ "127.0.0.1[0: 127.0.0.1]: errno=Connection timed out", "git: failed to connect" },
		{ "bash: connect: Connection timed out", "bash /dev/tcp" },
		{ "bash: line 1: /dev/tcp/127.0.0.1/12345: Connection timed out", "bash /dev/tcp" },
		{ "perl timeout: IO::Socket::INET: connect: timeout", "Perl: connect timeout" },
		{ "std: Connection timed out (os error 110)", "Rust: the kernel's timeout" },
		{ "Error { kind: TimedOut, message: \"connection timed out\" }", "Rust: deadline has elapsed" },
		{ "TimeoutError: [Errno 110] Connection timed out", "Python: Errno 110" },
		{ "TimeoutError: timed out", "Python: timed out" },
		{ "<urlopen error timed out>", "Python: timed out" },
		{ "<urlopen error [Errno 110] Connection timed out>", "Python: Errno 110" },
		{ "[Errno 110] Connect call failed ('127.0.0.1', 12345)", "Python: Errno 110" },
		{ "(Caused by ConnectTimeoutError(<urllib3.connection.HTTPConnection object at 0x7f>, 'Connection to h "
		  "timed out. (connect timeout=3.05)'))",
		  "Python requests: ConnectTimeoutError" },
		{ "(Caused by ConnectTimeoutError(<urllib3.connection.HTTPConnection object at 0x7f>, 'Connection to h "
		  "timed out. (connect timeout=None)'))",
		  "Python requests: the kernel's timeout" },
		{ "httpx.ConnectTimeout: timed out", "Python: timed out" },
		{ "httpx.ConnectTimeout: [Errno 110] Connection timed out", "Python: Errno 110" },
		{ "Cannot connect to host 127.0.0.1:12345 ssl:default [Connect call failed ('127.0.0.1', 12345)]",
		  "Python aiohttp: cannot connect" },
		{ "aiohttp.client_exceptions.ServerTimeoutError: Connection timeout to host http://127.0.0.1:12345/",
		  "Python aiohttp: connect timeout" },
		{ "pymongo.errors.ServerSelectionTimeoutError: 127.0.0.1:12345: timed out, Timeout: 2.0s, Topology "
		  "Description: <TopologyDescription id: 6b",
		  "MongoDB: server selection" },
		{ "ERROR 2002 (HY000): Can't connect to server on '127.0.0.1' (115)", "MariaDB: 2002" },
		{ "Ncat: TIMEOUT.", "nc" },
		{ "connect() failed (110: Connection timed out) while connecting to upstream, client: 127.0.0.1",
		  "nginx: connect() failed" },
		{ "dial tcp 127.0.0.1:12345: operation was canceled", "Go: operation was canceled" },
		{ "Get \"http://h/\": dial tcp 127.0.0.1:1: i/o timeout (Client.Timeout exceeded while awaiting headers)",
		  "Go: dial timeout" },
		{ "java.net.SocketTimeoutException: Connect timed out", "Java: connect timed out" },
		{ "java.net.ConnectException: Connection timed out (Connection timed out)",
		  "Java: the kernel's timeout" },
		{ "java.net.NoRouteToHostException: No route to host", "Java: refused or unreachable" },
		{ "Error: connect ETIMEDOUT 127.0.0.1:12345", "Node: connect ETIMEDOUT" },
		{ "Error: connect ECONNREFUSED ::1:3000", "Node: refused or unreachable" },
		{ "ConnectTimeoutError: Connect Timeout Error (attempted address: h:443, timeout: 10000ms)",
		  "Node: Connect Timeout Error" },
		{ "ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.1:3306' (110)", "MySQL: 2003" },
		{ "upstream timed out (110: Connection timed out) while connecting to upstream, client: 10.0.0.7",
		  "nginx: upstream timed out" },
		{ "connect() failed (111: Connection refused) while connecting to upstream",
		  "nginx: connect() failed" },
		{ "Server b/s1 is DOWN, reason: Layer4 timeout, check duration: 2001ms", "HAProxy: connect timeout" },
		{ "upstream connect error or disconnect/reset before headers. reset reason: connection timeout",
		  "Envoy: connection timeout" },
		{ "Could not connect to Redis at 127.0.0.1:6379: Connection refused", "redis-cli" },
		{ "MongoServerSelectionError: connect ETIMEDOUT 10.0.0.1:27017", "MongoDB: server selection" },
		{ "Connection to node -1 (h/10.0.0.1:9092) could not be established. Node may not be available.",
		  "Kafka: could not be established" },
		{ "A connection attempt failed because the connected party did not properly respond after a period",
		  ".NET: a connection attempt failed" },
		{ "status = StatusCode.DEADLINE_EXCEEDED", "gRPC: deadline exceeded" },
		{ "Readiness probe failed: dial tcp 10.1.2.3:8080: i/o timeout", "Kubernetes: probe failed" },
		{ "  Could not connect to 127.0.0.1:12345 (127.0.0.1), connection timed out",
		  "apt: could not connect" },
		{ "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
		  "Go: waiting for connection" },
		{ "org.postgresql.util.PSQLException: The connection attempt failed.", "JDBC" },
		{ "connect: Connection timed out", "ETIMEDOUT" },
		{ "connect: No route to host", "EHOSTUNREACH" },
	};
	struct explain_match found[MATCHES_MAX];
	struct matcher *m = matcher_new();
	size_t i;

	assert_non_null(m);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!match(m, texts[i][0], found))
			fail_msg("nothing is known of: %s", texts[i][0]);
		if (strcmp(found[0].entry->name, texts[i][1]) != 0)
			fail_msg("%s, not %s: %s", found[0].entry->name, texts[i][1], texts[i][0]);
	}
	matcher_free(m);
}

static void the_less_specific_are_named_too(void **state)
{
	struct explain_match found[MATCHES_MAX];
	struct matcher *m = matcher_new();
	int i, n;

	n = match(m, "upstream timed out (110: Connection timed out) while connecting to upstream", found);
	assert_true(n >= 2);
	for (i = 1; i < n; i++) {
		assert_true(found[i].weight <= found[i - 1].weight);
		assert_ptr_not_equal(found[i].entry, found[0].entry);
	}
	assert_string_equal(found[n - 1].entry->name, "ETIMEDOUT");
	matcher_free(m);
}

static void what_does_not_matter(void **state)
{
	static const char *const same[] = {
		"DIAL TCP 10.0.0.1:80: I/O TIMEOUT",
		"x\tdial  tcp\t[2001:db8::1]:443:   i/o\x01timeout\r",
		"{\"err\":\"dial tcp db:1: i/o timeout\"}",
	};
	static const char *const other[] = { "xdial tcp 10.0.0.1:80: i/o timeouts", "errno 1101", "METIMEDOUT", "" };
	struct explain_match found[MATCHES_MAX];
	struct matcher *m = matcher_new();
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_true(match(m, same[i], found) > 0);
		assert_string_equal(found[0].entry->name, "Go: dial timeout");
	}
	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_int_equal(match(m, other[i], found), 0);
	/* typographic quotes, as GNU programs print them in UTF-8 */
	assert_true(match(m, "Can\xe2\x80\x99t connect to MySQL server on \xe2\x80\x98h\xe2\x80\x99 (110)", found) > 0);
	assert_string_equal(found[0].entry->name, "MySQL: 2003");
	matcher_free(m);
}

static void first_name_is(const char *word, const char *name)
{
	const struct explain_entry *found[4];
	int n = explain_words(word, found, 4);

	if (!n)
		fail_msg("%s asks for nothing", word);
	if (strcmp(found[0]->name, name) != 0)
		fail_msg("%s asks for %s, not for %s", word, found[0]->name, name);
}

static void words_that_ask_for_an_entry(void **state)
{
	const struct explain_entry *found[4];

	first_name_is("ETIMEDOUT", "ETIMEDOUT");
	first_name_is("etimedout", "ETIMEDOUT");
	first_name_is("110", "ETIMEDOUT");
	first_name_is("timed_out", "timed-out");
	first_name_is("Timed-Out", "timed-out");
	first_name_is("syn-drop:2@v6", "syn-drop");
	first_name_is("icmp:host@db.internal:5432", "icmp:host");
	first_name_is("firewall:reject", "firewall");
	first_name_is("outcome=refused", "refused");
	first_name_is("gave-up=application", "application");
	first_name_is("sC", "HAProxy: connect timeout");
	first_name_is("SC", "HAProxy: connect refused");
	assert_int_equal(explain_words("unknown thing", found, 4), 0);
	assert_int_equal(explain_words("", found, 4), 0);
	assert_int_equal(explain_words("=", found, 4), 0);
	assert_int_equal(explain_words(":@:", found, 4), 0);
	assert_int_equal(explain_words("curl", found, 2), 2);
}

static void the_nearest_of_an_unknown_text(void **state)
{
	const struct explain_entry *found[NEAR_MAX];
	int n;

	n = explain_near("the nginx upstream prematurely closed", found, NEAR_MAX);
	assert_true(n > 0);
	assert_non_null(strstr(found[0]->name, "nginx"));
	assert_int_equal(explain_near("zzz qqq", found, NEAR_MAX), 0);
	assert_int_equal(explain_near("", found, NEAR_MAX), 0);
	assert_int_equal(explain_near("connection timeout connect", found, 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_of_a_verdict),
		cmocka_unit_test(every_fault),
		cmocka_unit_test(every_errno),
		cmocka_unit_test(every_setting_counter_and_state),
		cmocka_unit_test(entries_are_complete),
		cmocka_unit_test(every_text_finds_its_entry),
		cmocka_unit_test(texts_as_they_are_printed),
		cmocka_unit_test(the_less_specific_are_named_too),
		cmocka_unit_test(what_does_not_matter),
		cmocka_unit_test(words_that_ask_for_an_entry),
		cmocka_unit_test(the_nearest_of_an_unknown_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
