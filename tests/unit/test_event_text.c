/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as lines of text, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/event_text.h"
#include "util/buf.h"
#include "tests/unit/random_event.h"

#define SEED 20260102u
#define ROUNDS 1500

static void round_trip(void **state)
{
	struct buf b = { 0 };
	struct event ev, back;
	const char *why = NULL;
	int kind, i, r;
	size_t k;

	random_from(SEED);
	for (kind = EVENT_NONE + 1; kind < EVENT_KIND_N; kind++) {
		for (i = 0; i < ROUNDS; i++) {
			random_event((enum event_kind)kind, &ev);
			buf_reset(&b);
			event_format(&ev, &b);
			assert_true(b.len > 1 && b.data[b.len - 1] == '\n');
			for (k = 0; k + 1 < b.len; k++)
				assert_in_range(b.data[k], ' ', '~');
			r = event_parse(b.data, b.len - 1, &back, &why);
			if (r != 1)
				fail_msg("%s: %s", why, b.data);
			if (memcmp(&ev, &back, sizeof(ev)))
				fail_msg("not the same: %s", b.data);
		}
	}
	buf_fini(&b);
}

/* One bit flipped, a cut, a doubled piece: whatever comes out must be an event that reads back as itself. */
static void mutations(void **state)
{
	struct buf b = { 0 }, again = { 0 };
	struct event ev, second;
	const char *why;
	int i, accepted = 0, refused = 0;

	random_from(SEED + 1);
	for (i = 0; i < 20000; i++) {
		char *line;
		size_t len;
		int r;

		random_event((enum event_kind)(1 + rnd() % (EVENT_KIND_N - 1)), &ev);
		buf_reset(&b);
		event_format(&ev, &b);
		len = rnd() % 4 ? b.len - 1 : rnd() % b.len;
		/* its own block, so that a sanitizer sees a read past the end */
		line = malloc(len ? len : 1);
		assert_non_null(line);
		memcpy(line, b.data, len);
		if (len)
			line[rnd() % len] ^= (char)(1 << rnd() % 8);
		why = NULL;
		r = event_parse(line, len, &ev, &why);
		free(line);
		if (r != 1) {
			assert_true(r == 0 || (r == -EINVAL && why));
			refused++;
			continue;
		}
		accepted++;
		buf_reset(&b);
		event_format(&ev, &b);
		assert_int_equal(event_parse(b.data, b.len - 1, &second, &why), 1);
		buf_reset(&again);
		event_format(&second, &again);
		assert_string_equal(buf_text(&b), buf_text(&again));
	}
	assert_true(accepted > 1000 && refused > 1000);
	buf_fini(&b);
	buf_fini(&again);
}

static void expect_line(const struct event *ev, const char *line)
{
	struct buf b = { 0 };

	event_format(ev, &b);
	assert_string_equal(buf_text(&b), line);
	buf_fini(&b);
}

static void parse_ok(const char *line, struct event *ev)
{
	const char *why = "";

	if (event_parse(line, strlen(line), ev, &why) != 1)
		fail_msg("%s: %s", why, line);
}

static void known_lines(void **state)
{
	static const char *const lines[] = {
		"0.000000000 segment 127.0.0.1:60632 > 127.0.0.1:12345 flags=S seq=7 win=65495 ttl=64 packet=1\n",
		"0.000000001 segment [::1]:1 > [2001:db8::7]:443 flags=SRUe\n",
		"1.009000000 icmp 10.0.0.1:60632 > 10.0.0.2:80 family=4 type=3 code=10 from=10.0.0.254 error=EHOSTUNREACH "
		"quoted_seq=0\n",
		"2.000000000 connect *:0 > 10.0.0.2:80 pid=42 comm=\"my \\\"app\\\\\\x1b\" own_timer_ns=3000000000 retries=5 "
		"linear=0 rto_max_ms=120000 hz=250 kernel=6.18\n",
		"3.000000000 state 10.0.0.1:60632 > 10.0.0.2:80 state=SYN-SENT cookie=9 retransmits=2 phase=0 "
		"phase_edge_ns=-5\n",
		"63.625000000 result 127.0.0.1:60632 > 127.0.0.1:12345 error=ETIMEDOUT\n",
		"64.000000000 close 127.0.0.1:60632 > 127.0.0.1:12345 cause=kernel error=ETIMEDOUT retransmits=0\n",
		"65.000000000 exit pid=42 signal=9\n",
		"66.000000000 drop *:0 > 127.0.0.1:12345 place=local-input packets=6 rule=\"tcp dport 12345 counter drop\"\n",
		"67.000000000 counter name=TCPAbortOnTimeout delta=1\n",
		"67.000000000 counter 127.0.0.1:60632 > 127.0.0.1:12345 name=TCPAbortOnTimeout delta=1\n",
		"68.000000000 lost source=packets n=3\n",
	};
	struct event ev;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[256];

		assert_true(strlen(lines[i]) < sizeof(line));
		memcpy(line, lines[i], strlen(lines[i]));
		line[strlen(lines[i]) - 1] = 0;
		parse_ok(line, &ev);
		expect_line(&ev, lines[i]);
	}
}

/* What a hand may write and the writer would not. */
static void lenient(void **state)
{
	struct event ev;
	const char *why;

	parse_ok("  3\tsegment  1.2.3.4:5 >\t6.7.8.9:10 ack=0 flags=2 \r", &ev);
	assert_int_equal(ev.t_ns, 3000000000);
	assert_int_equal(ev.segment.flags, TCP_SYN);
	parse_ok("0.5 close 1.2.3.4:5 > 6.7.8.9:10", &ev);
	assert_int_equal(ev.t_ns, 500000000);
	assert_int_equal(ev.close.retransmits, -1);
	parse_ok("0 connect 1.2.3.4:5 > 6.7.8.9:10 retries=3", &ev);
	assert_true(ev.connect.has_policy);
	assert_int_equal(ev.connect.policy.retries, 3);
	assert_int_equal(ev.connect.policy.linear, 4);
	assert_int_equal(ev.connect.policy.hz, 250);
	assert_int_equal(ev.connect.policy.rto_max_ms, 120000);
	parse_ok("0 connect 1.2.3.4:5 > 6.7.8.9:10 comm=\"sh\" pid=1", &ev);
	assert_false(ev.connect.has_policy);
	assert_int_equal(ev.connect.policy.hz, 0);
	assert_string_equal(ev.connect.comm, "sh");
	assert_int_equal(event_parse("", 0, &ev, &why), 0);
	assert_int_equal(event_parse(" \t\r", 3, &ev, &why), 0);
	assert_int_equal(event_parse("# 0 exit pid=1", 14, &ev, &why), 0);
}

static void garbage(void **state)
{
	static const char *const bad[] = {
		"synsent-events 1",
		"segment",
		"1.",
		".5 exit pid=1",
		"1.0000000001 exit pid=1",
		"-1 exit pid=1",
		"4611686019 exit pid=1",
		"99999999999999999999 exit pid=1",
		"1 nothing pid=1",
		"1 exit pid",
		"1 exit pid=",
		"1 exit pid= 1",
		"1 exit =1",
		"1 exit pid=1 pid=1",
		"1 exit pid=2147483648",
		"1 exit pid=-2147483649",
		"1 exit pid=--1",
		"1 exit pid=0x1",
		"1 exit colour=1",
		"1 exit averyveryverylongfieldname=1",
		"1 exit packet=18446744073709551616",
		"1 segment 1.2.3.4:5 6.7.8.9:10",
		"1 segment 1.2.3.4:5 < 6.7.8.9:10",
		"1 segment 1.2.3.4:65536 > 6.7.8.9:10",
		"1 segment 1.2.3.4:5 > 6.7.8.9:10 flags=SS",
		"1 segment 1.2.3.4:5 > 6.7.8.9:10 flags=X",
		"1 segment 1.2.3.4:5 > 6.7.8.9:10 ttl=256",
		"1 segment 1.2.3.4:5 > 6.7.8.9:10 bad_checksum=2",
		"1 retransmit 1.2.3.4:5 > 6.7.8.9:10 n=255",
		"1 retransmit 1.2.3.4:5 > 6.7.8.9:10 n=-1",
		"1 result 1.2.3.4:5 > 6.7.8.9:10 error=ENOSUCHTHING",
		"1 result 1.2.3.4:5 > 6.7.8.9:10 error=4096",
		"1 close 1.2.3.4:5 > 6.7.8.9:10 cause=9",
		"1 drop *:0 > 6.7.8.9:10 place=moon",
		"1 state *:0 > 6.7.8.9:10 state=?",
		"1 counter 1.2.3.4:5 name=x",
		"1 counter x name=x",
		"1 lost source=\"a",
		"1 lost source=\"a\"b",
		"1 lost source=\"\\q\"",
		"1 lost source=\"\\x4\"",
		"1 lost source=\"\\x00\"",
		"1 lost source=0123456789abcdef",
		"1 connect 1.2.3.4:5 > 6.7.8.9:10 retries=0",
		"1 connect 1.2.3.4:5 > 6.7.8.9:10 retries=5 hz=0",
		"1 connect 1.2.3.4:5 > 6.7.8.9:10 kernel=6",
		"1 connect 1.2.3.4:5 > 6.7.8.9:10 own_timer_ns=2305843009213693953",
	};
	struct event ev, before;
	size_t i;

	memset(&ev, 0x5a, sizeof(ev));
	before = ev;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *why = NULL;

		if (event_parse(bad[i], strlen(bad[i]), &ev, &why) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_non_null(why);
		assert_memory_equal(&ev, &before, sizeof(ev));
	}
	assert_int_equal(event_parse("1 lost source=a\0b", 17, &ev, &(const char *){ NULL }), -EINVAL);
}

static void without_text(void **state)
{
	struct event ev = { .kind = EVENT_NONE };

	expect_line(&ev, "");
	ev.kind = EVENT_KIND_N;
	expect_line(&ev, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(mutations), cmocka_unit_test(known_lines),
		cmocka_unit_test(lenient),    cmocka_unit_test(garbage),   cmocka_unit_test(without_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
