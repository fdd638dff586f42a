/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_packet.h"

#include <stdlib.h>
#include <string.h>

#include "packet/tcpdump.h"
#include "util/buf.h"

static void results(void **state)
{
	static const struct {
		const char *name;
		enum decode_result result;
	} rows[] = {
		{ "ip4-fragment-first", DECODE_OK },
		{ "ip4-fragment-later", DECODE_NOT_OURS },
		{ "ip4-fragment-far", DECODE_NOT_OURS },
		{ "ip4-fragment-tiny", DECODE_MALFORMED },
		{ "ip4-fragment-in-options", DECODE_OK },
		{ "ip4-header-4-words", DECODE_MALFORMED },
		{ "ip4-header-cut", DECODE_TRUNCATED },
		{ "ip4-total-0", DECODE_OK },
		{ "ip4-total-in-header", DECODE_MALFORMED },
		{ "ip4-total-long", DECODE_OK },
		{ "ip4-total-short", DECODE_MALFORMED },
		{ "ip4-udp", DECODE_NOT_OURS },
		{ "ip4-version-5", DECODE_MALFORMED },
		{ "ip6-dest-200", DECODE_OK },
		{ "ip6-fragment-atomic", DECODE_OK },
		{ "ip6-fragment-later", DECODE_NOT_OURS },
		{ "ip6-header-cut", DECODE_TRUNCATED },
		{ "ip6-jumbo", DECODE_OK },
		{ "ip6-overrun", DECODE_MALFORMED },
		{ "link-arp", DECODE_NOT_OURS },
		{ "link-empty", DECODE_MALFORMED },
		{ "link-null-other", DECODE_NOT_OURS },
		{ "link-unknown", DECODE_NOT_OURS },
		{ "link-vlan-cut", DECODE_MALFORMED },
		{ "tcp-cut-after-window", DECODE_OK },
		{ "tcp-cut-in-options", DECODE_OK },
		{ "tcp-cut-in-ports", DECODE_TRUNCATED },
		{ "tcp-cut-in-window", DECODE_TRUNCATED },
		{ "tcp-offset-4", DECODE_MALFORMED },
		{ "tcp-offset-15", DECODE_MALFORMED },
		{ "icmp-cut", DECODE_TRUNCATED },
		{ "icmp-echo", DECODE_NOT_OURS },
		{ "icmp-in-icmp", DECODE_NOT_OURS },
		{ "icmp-no-ports", DECODE_MALFORMED },
		{ "icmp-port-udp", DECODE_NOT_OURS },
		{ "icmp-quoted-fragment", DECODE_NOT_OURS },
		{ "icmp-quoted-header-cut", DECODE_MALFORMED },
		{ "icmp-quoted-nothing", DECODE_MALFORMED },
		{ "icmp6-quoted-header-cut", DECODE_MALFORMED },
		{ "icmp6-echo", DECODE_NOT_OURS },
	};
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (decode_named(rows[i].name, &p) != rows[i].result)
			fail_msg("%s", rows[i].name);
		assert_int_equal(p.event.kind != EVENT_NONE, rows[i].result == DECODE_OK);
	}
}

/* The same SYN comes out of every link type. */
static void links(void **state)
{
	static const struct {
		const char *name;
		int vlans, version;
	} rows[] = {
		{ "link-ethernet", 0, 4 },  { "link-vlan", 1, 4 },	    { "link-qinq", 2, 4 },
		{ "link-9100-9200", 2, 6 }, { "link-sll", 0, 4 },	    { "link-sll-vlan", 1, 4 },
		{ "link-sll2", 0, 6 },	    { "link-null-le", 0, 4 },	    { "link-null-be", 0, 4 },
		{ "link-null-6", 0, 6 },    { "link-loop", 0, 6 },	    { "link-raw-4", 0, 4 },
		{ "link-raw-6", 0, 6 },	    { "link-ipv4", 0, 4 },	    { "link-ipv6", 0, 6 },
		{ "ip6-hop-dest", 0, 6 },   { "ip6-route", 0, 6 },	    { "ip6-ah", 0, 6 },
		{ "ip6-dest-200", 0, 6 },   { "ip6-fragment-first", 0, 6 },
	};
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (decode_named(rows[i].name, &p) != DECODE_OK)
			fail_msg("%s", rows[i].name);
		assert_int_equal(p.vlans, rows[i].vlans);
		assert_int_equal(p.ip_version, rows[i].version);
		assert_int_equal(p.event.kind, EVENT_SEGMENT);
		assert_endpoint(&p.event.segment.src, p.ip_version == 4 ? "10.0.0.1:40000" : "[fd00::1]:40000");
		assert_endpoint(&p.event.segment.dst, p.ip_version == 4 ? "10.0.0.2:12345" : "[fd00::2]:12345");
		assert_int_equal(p.event.segment.seq, 1000);
		assert_int_equal(p.event.segment.flags, TCP_SYN);
		assert_int_equal(p.event.segment.window, 64240);
		assert_int_equal(p.event.segment.ttl, 64);
		assert_int_equal(p.event.segment.len, 0);
		assert_true(p.event.segment.has_ts && p.event.segment.tsval == 1 && p.event.segment.tsecr == 0);
		assert_false(p.event.segment.bad_checksum);
		assert_int_equal(p.flow_label, p.ip_version == 4 ? 0 : 0xabcde);
	}
	assert_int_equal(decode_named("link-vlan-300", &p), DECODE_OK);
	assert_int_equal(p.vlans, 255);
	assert_int_equal(decode_named("link-sll", &p), DECODE_OK);
	assert_int_equal(p.direction, 4);
	assert_int_equal(decode_named("link-sll2", &p), DECODE_OK);
	assert_int_equal(p.if_index, 999999);
	assert_int_equal(decode_named("ip4-fragment-in-options", &p), DECODE_OK);
	assert_int_equal(p.event.segment.len, 0);
}

static void lengths(void **state)
{
	struct packet p;

	assert_int_equal(decode_named("tcp-data", &p), DECODE_OK);
	assert_int_equal(p.event.segment.len, 5);
	assert_int_equal(p.l4_stated, 25);
	/* Padding of a short Ethernet frame is no payload. */
	assert_int_equal(decode_named("link-ethernet-padded", &p), DECODE_OK);
	assert_int_equal(p.event.segment.len, 0);
	assert_int_equal(p.ip.len, 40);
	assert_int_equal(p.ip_on_wire, 46);
	assert_int_equal(decode_named("ip4-total-long", &p), DECODE_OK);
	assert_int_equal(p.event.segment.len, 1360);
	assert_int_equal(decode_named("ip4-total-0", &p), DECODE_OK);
	assert_int_equal(p.event.segment.len, 0);
	assert_int_equal(decode_named("ip6-jumbo", &p), DECODE_OK);
	assert_int_equal(p.event.segment.len, 65536);
	assert_int_equal(decode_named("ip4-fragment-first", &p), DECODE_OK);
	assert_true(p.more_fragments && !p.ip_fragment);
}

static void checksums(void **state)
{
	static const struct {
		const char *name;
		bool bad;
	} rows[] = {
		{ "tcp-wrong-checksum", true },	   { "tcp-wrong-checksum-6", true }, /* odd length */
		{ "tcp-partial-checksum", false }, { "tcp-data", false },	     /* right, odd length */
		{ "ip4-source-route", false },					     /* another destination counts */
		{ "tcp-cut-after-window", false }				     /* not there */
	};
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(decode_named(rows[i].name, &p), DECODE_OK);
		if (p.event.segment.bad_checksum != rows[i].bad)
			fail_msg("%s", rows[i].name);
	}
}

static void icmp(void **state)
{
	static const struct {
		const char *name;
		int family, type, code;
		bool has_seq;
	} rows[] = {
		{ "icmp-host-8", 4, 3, 1, true },
		{ "icmp-ports-only", 4, 3, 1, false },
		{ "icmp-host-prohibited", 4, 3, 10, true },
		{ "icmp-quench", 4, 4, 0, true },
		{ "icmp-redirect", 4, 5, 1, true },
		{ "icmp-ttl", 4, 11, 0, true },
		{ "icmp-parameter", 4, 12, 0, true },
		{ "icmp-quoted-total-0", 4, 3, 1, true },
		{ "icmp6-no-route", 6, 1, 0, true },
		{ "icmp6-address", 6, 1, 3, true },
		{ "icmp6-port-behind-headers", 6, 1, 4, true },
		{ "icmp6-too-big", 6, 2, 0, true },
		{ "icmp6-hops", 6, 3, 0, true },
		{ "icmp6-parameter", 6, 4, 1, true },
	};
	char from[ADDR_TEXT_LEN];
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct event_icmp *e = &p.event.icmp;

		if (decode_named(rows[i].name, &p) != DECODE_OK || p.event.kind != EVENT_ICMP)
			fail_msg("%s", rows[i].name);
		assert_int_equal(e->family, rows[i].family);
		assert_int_equal(e->type, rows[i].type);
		assert_int_equal(e->code, rows[i].code);
		assert_int_equal(e->has_seq, rows[i].has_seq);
		assert_int_equal(e->quoted_seq, rows[i].has_seq ? 1000 : 0);
		assert_endpoint(&e->flow.client, e->family == 4 ? "10.0.0.1:40000" : "[fd00::1]:40000");
		assert_endpoint(&e->flow.server, e->family == 4 ? "10.0.0.2:12345" : "[fd00::2]:12345");
		assert_string_equal(addr_format(&e->from, from), e->family == 4 ? "10.0.0.99" : "fd00::1");
	}
}

static void options(void **state)
{
	static const struct {
		const char *name, *kinds;
		bool malformed, truncated;
	} rows[] = {
		{ "link-raw-4", "2 4 8 1 3 ", false, false }, { "tcp-cut-in-options", "2 4 ", false, true },
		{ "opt-eol", "2 0 ", false, false },	      { "opt-length-0", "2 ", true, false },
		{ "opt-length-1", "", true, false },	      { "opt-length-beyond", "", true, false },
		{ "opt-kind-last", "1 1 1 ", true, false },   { "opt-mptcp-short", "30 0 ", false, false },
		{ "tcp-all-flags", "", false, false },	      { "tcp-cut-after-window", "", false, false },
	};
	struct buf kinds = { 0 };
	struct tcp_options it;
	struct tcp_option o;
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(decode_named(rows[i].name, &p), DECODE_OK);
		tcp_options_init(&it, p.l4);
		buf_reset(&kinds);
		while (tcp_options_next(&it, &o))
			buf_fmt(&kinds, "%u ", o.kind);
		assert_string_equal(buf_text(&kinds), rows[i].kinds);
		assert_int_equal(it.malformed, rows[i].malformed);
		assert_int_equal(it.truncated, rows[i].truncated);
	}
	buf_fini(&kinds);
}

static struct tcpdump *printer(bool absolute)
{
	struct tcpdump_opts o = { .absolute = absolute, .utc = true };
	struct tcpdump *t = tcpdump_new(&o);

	assert_non_null(t);
	return t;
}

/* As tcpdump 4.99.3 printed them; tcpdump_lines.py compares all frames where a tcpdump is installed. */
static void lines(void **state)
{
	static const struct {
		const char *name, *line;
	} rows[] = {
		{ "link-ethernet", "IP 10.0.0.1.40000 > 10.0.0.2.12345: Flags [S], seq 1000, win 64240, options "
				   "[mss 65495,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0" },
		{ "link-sll2", "?     In  IP6 fd00::1.40000 > fd00::2.12345: Flags [S], seq 1000, win 64240, options "
			       "[mss 65495,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0" },
		{ "tcp-rst", "IP 10.0.0.1.40000 > 10.0.0.2.12345: Flags [R.], seq 0, ack 1001, win 64240, length 0" },
		{ "tcp-all-flags", "IP 10.0.0.1.40000 > 10.0.0.2.12345: Flags [FSRP.UEW], seq 1000, ack 9, win 64240, "
				   "urg 77, length 0" },
		{ "tcp-cut-in-ports", "IP 10.0.0.1 > 10.0.0.2: [|tcp]" },
		{ "tcp-cut-in-options", "IP 10.0.0.1.40000 > 10.0.0.2.12345: Flags [S], seq 1000, win 64240, options "
					"[mss 65495,sackOK,TS [|tcp]>" },
		{ "opt-length-0", "IP 10.0.0.1.40000 > 10.0.0.2.12345: Flags [S], seq 1000, win 64240, options "
				  "[mss 1460,[bad opt]]" },
		{ "opt-tfo-cookie", "IP 10.0.0.1.40000 > 10.0.0.2.12345: Flags [S], seq 1000, win 64240, options "
				    "[tfo  cookie 0001020304050607,eol], length 0" },
		{ "icmp-port", "IP 10.0.0.99 > 10.0.0.1: ICMP 10.0.0.2 tcp port 12345 unreachable, length 68" },
		{ "icmp-filter", "IP 10.0.0.99 > 10.0.0.1: ICMP host 10.0.0.2 unreachable - admin prohibited filter, "
				 "length 68" },
		{ "icmp6-port", "IP6 fd00::1 > fd00::2: ICMP6, destination unreachable, unreachable port, fd00::2 tcp "
				"port 12345, length 88" },
	};
	struct buf line = { 0 };
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tcpdump *t = printer(false);

		decode_named(rows[i].name, &p);
		buf_reset(&line);
		tcpdump_line(t, 3723000000999LL, &p, &line);
		assert_memory_equal(buf_text(&line), "01:02:03.000000 ", 16);
		assert_string_equal(buf_text(&line) + 16, rows[i].line);
		tcpdump_free(t);
	}
	buf_fini(&line);
}

/* A segment of a conversation in the bytes of "tcp-data". */
static const char *line_of(struct tcpdump *t, struct buf *line, uint8_t flags, uint32_t seq, uint32_t ack, bool back)
{
	static const uint8_t client[] = { 0x9c, 0x40 }, server[] = { 0x30, 0x39 };
	struct packet p;
	uint8_t *tcp;
	int i;

	assert_int_equal(decode_named("tcp-data", &p), DECODE_OK);
	tcp = file_bytes + (p.l4.p - file_bytes); /* the same bytes, to be written */
	for (i = 0; i < 4; i++) {
		tcp[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
		tcp[8 + i] = (uint8_t)(ack >> (24 - 8 * i));
	}
	tcp[13] = flags;
	memcpy(tcp, back ? server : client, 2);
	memcpy(tcp + 2, back ? client : server, 2);
	if (back) {
		struct addr a = p.src;

		p.src = p.dst;
		p.dst = a;
	}
	buf_reset(line);
	tcpdump_line(t, 0, &p, line);
	return strstr(buf_text(line), "Flags");
}

static void relative_numbers(void **state)
{
	struct tcpdump *t = printer(false), *absolute = printer(true);
	struct buf b = { 0 };

	assert_string_equal(line_of(t, &b, TCP_SYN, 4294967295u, 0, false),
			    "Flags [S], seq 4294967295:4, win 64240, length 5");
	assert_string_equal(line_of(t, &b, TCP_SYN | TCP_ACK, 500, 0, true),
			    "Flags [S.], seq 500:505, ack 0, win 64240, length 5");
	assert_string_equal(line_of(t, &b, TCP_ACK, 0, 501, false), "Flags [.], seq 1:6, ack 1, win 64240, length 5");
	assert_string_equal(line_of(t, &b, TCP_ACK, 501, 5, true), "Flags [.], seq 1:6, ack 6, win 64240, length 5");
	/* An RST without ACK is not made relative. */
	assert_string_equal(line_of(t, &b, TCP_RST, 5, 0, false), "Flags [R], seq 5:10, win 64240, length 5");
	/* A new SYN-ACK begins anew. */
	assert_string_equal(line_of(t, &b, TCP_SYN | TCP_ACK, 9000, 71, true),
			    "Flags [S.], seq 9000:9005, ack 71, win 64240, length 5");
	assert_string_equal(line_of(t, &b, TCP_ACK, 71, 9001, false), "Flags [.], seq 1:6, ack 1, win 64240, length 5");
	/* The same when the higher port answers. */
	assert_string_equal(line_of(t, &b, TCP_SYN | TCP_ACK, 100, 200, false),
			    "Flags [S.], seq 100:105, ack 200, win 64240, length 5");
	assert_string_equal(line_of(t, &b, TCP_ACK, 200, 101, true), "Flags [.], seq 1:6, ack 1, win 64240, length 5");
	assert_string_equal(line_of(absolute, &b, TCP_ACK, 71, 9001, false),
			    "Flags [.], seq 71:76, ack 9001, win 64240, length 5");
	assert_string_equal(line_of(absolute, &b, TCP_ACK, 72, 9001, false),
			    "Flags [.], seq 72:77, ack 9001, win 64240, length 5");
	tcpdump_free(t);
	tcpdump_free(absolute);
	buf_fini(&b);
}

/* Enough conversations that the table grows several times; each keeps its own base. */
static void many_conversations(void **state)
{
	struct tcpdump *t = printer(false);
	struct buf line = { 0 };
	struct packet p;
	uint8_t *port;
	char expected[32];
	int round, i;

	assert_int_equal(decode_named("tcp-data", &p), DECODE_OK);
	port = file_bytes + (p.l4.p - file_bytes);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 5000; i++) {
			port[0] = (uint8_t)(i >> 8);
			port[1] = (uint8_t)i;
			port[6] = (uint8_t)(i >> 8);
			port[7] = (uint8_t)(i + round * 3);
			buf_reset(&line);
			tcpdump_line(t, 0, &p, &line);
			snprintf(expected, sizeof(expected), "seq %d:%d,", (i & 0xff00) | (uint8_t)i,
				 ((i & 0xff00) | (uint8_t)i) + 5);
			if (round == 1 && (i & 0xff) < 253)
				strcpy(expected, "seq 3:8,");
			else if (round == 1)
				continue;
			assert_non_null(strstr(buf_text(&line), expected));
		}
	}
	tcpdump_free(t);
	buf_fini(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results),
		cmocka_unit_test(links),
		cmocka_unit_test(lengths),
		cmocka_unit_test(checksums),
		cmocka_unit_test(icmp),
		cmocka_unit_test(options),
		cmocka_unit_test(lines),
		cmocka_unit_test(relative_numbers),
		cmocka_unit_test(many_conversations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
