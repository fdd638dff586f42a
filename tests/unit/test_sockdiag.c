// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/tcp.h>

#include "sources/sockdiag_msg.h"

/* One dump's datagram of Linux 6.18: 127.0.0.1:40001 > 127.0.0.1:9999, 1.3 s in SYN_SENT; netlink header, struct
 * inet_diag_msg (at 16), attributes (at 88), among them a tcp_info of 280 bytes. */
static const uint8_t dump_v4[] = {
	0x98, 0x01, 0x00, 0x00, 0x14, 0x00, 0x02, 0x00, 0x07, 0x00, 0x00, 0x00, 0xd8, 0x47, 0x00, 0x00, 0x02, 0x02,
	0x01, 0x01, 0x9c, 0x41, 0x27, 0x0f, 0x7f, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x7f, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xdc, 0x02, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xe9, 0x66, 0x00, 0x00, 0x05, 0x00,
	0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x00, 0x15, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x06, 0x00, 0x16, 0x00, 0x52, 0x00, 0x00, 0x00, 0x1c, 0x01,
	0x02, 0x00, 0x02, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x40, 0x42, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x0c, 0x02, 0x00, 0x00, 0x58, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
	0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xec, 0x56, 0x1a, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xec, 0x56, 0x1a, 0x00, 0xec, 0x56, 0x1a, 0x00, 0xff, 0xff, 0x00, 0x00, 0xd7, 0xff, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x90, 0xd0, 0x03, 0x00, 0xff, 0xff, 0xff, 0x7f, 0x01, 0x00, 0x00, 0x00, 0xd7, 0xff, 0x00, 0x00,
	0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xd7, 0xff, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x0d, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

#define SEQ 7
#define PAYLOAD 16
#define ATTRIBUTES 88

static const uint8_t dump_end[] = { 20, 0, 0, 0, 3, 0, 2, 0, SEQ, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

static struct bytes payload_of(const uint8_t *datagram)
{
	return bytes_of(datagram + PAYLOAD, sizeof(dump_v4) - PAYLOAD);
}

static struct endpoint endpoint(const char *text)
{
	struct endpoint e;

	assert_int_equal(endpoint_parse(text, &e), 0);
	return e;
}

static void assert_flow(const struct sockdiag_socket *s, const char *client, const char *server)
{
	struct endpoint c = endpoint(client), d = endpoint(server);

	assert_true(endpoint_equal(&s->state.flow.client, &c));
	assert_true(endpoint_equal(&s->state.flow.server, &d));
}

static void test_syn_sent(void **state)
{
	struct sockdiag_socket s;

	assert_int_equal(sockdiag_parse(payload_of(dump_v4), &s), 0);
	assert_flow(&s, "127.0.0.1:40001", "127.0.0.1:9999");
	assert_int_equal(s.state.state, 2);
	assert_int_equal(s.state.timer, 1);
	assert_int_equal(s.state.retransmits, 1);
	assert_int_equal(s.state.cookie, 0x100c);
	assert_int_equal(s.state.expires_ms, 732);
	assert_int_equal(s.state.rqueue, 0);
	assert_int_equal(s.state.wqueue, 1);
	assert_int_equal(s.state.uid, 0);
	assert_int_equal(s.state.inode, 0x66e9);
	assert_true(s.has_info);
	assert_int_equal(s.state.rto_us, 1000000);
	assert_int_equal(s.state.backoff, 0);
	assert_int_equal(s.last_data_sent_ms, 0x1a56ec);
	assert_int_equal(s.total_retrans, 1);
	assert_false(s.state.has_phase);
}

/* As AF_INET6, mapped or not, and as a listener. */
static void test_families_and_states(void **state)
{
	uint8_t copy[sizeof(dump_v4)];
	uint8_t *fixed = copy + PAYLOAD, *src = fixed + 8, *dst = fixed + 24;
	struct sockdiag_socket s;

	memcpy(copy, dump_v4, sizeof(copy));
	fixed[0] = 10;
	memcpy(src, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	memcpy(dst, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\2", 16);
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_flow(&s, "127.0.0.1:40001", "127.0.0.2:9999");

	/* The local end of a failed connect() is reset to :: */
	memset(src, 0, 16);
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_flow(&s, "0.0.0.0:40001", "127.0.0.2:9999");

	memcpy(dst, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_flow(&s, "[::]:40001", "[2001:db8::1]:9999");

	memcpy(copy, dump_v4, sizeof(copy));
	memset(fixed + 4, 0, 2); /* a SYN_SENT without a port is one that the kernel is about to end */
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_int_equal(s.state.state, 7);
	memcpy(copy, dump_v4, sizeof(copy));
	fixed[1] = 3; /* SYN_RECV: the local end is the server */
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_flow(&s, "127.0.0.1:9999", "127.0.0.1:40001");
	fixed[1] = 10; /* LISTEN */
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_flow(&s, "127.0.0.1:40001", "127.0.0.1:40001");

	fixed[0] = 1; /* AF_UNIX */
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), -EBADMSG);
}

/* Without a timer, as in a destroy message, the count is tcp_info's. */
static void test_destroyed(void **state)
{
	uint8_t copy[sizeof(dump_v4)];
	struct sockdiag_socket s;

	memcpy(copy, dump_v4, sizeof(copy));
	copy[PAYLOAD + 1] = 7;
	copy[PAYLOAD + 2] = 0;
	copy[PAYLOAD + 3] = 0;
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_int_equal(s.state.retransmits, 1);
}

/* Its timer fired, and the SYN of before was still on this host. */
static void test_unsent(void **state)
{
	uint8_t copy[sizeof(dump_v4)];
	struct sockdiag_socket s;
	size_t at = ATTRIBUTES;

	assert_int_equal(sockdiag_parse(payload_of(dump_v4), &s), 0);
	assert_int_equal(s.state.unsent, 0);
	memcpy(copy, dump_v4, sizeof(copy));
	while (copy[at + 2] != 2) /* INET_DIAG_INFO */
		at += (copy[at] + 3U) & ~3U;
	copy[at + 4 + 100] = 0; /* tcpi_total_retrans */
	copy[PAYLOAD + 3] = 3;
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_int_equal(s.state.retransmits, 3);
	assert_int_equal(s.state.unsent, 3);
	copy[at + 4 + 100] = 4; /* one was sent for another reason than the timer */
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_int_equal(s.state.unsent, 0);
}

/* 1726188 ms are 431547 jiffies, 732 ms before the timer are 183, and the RTO of 1 s is 250. */
static void test_armed(void **state)
{
	struct sockdiag_socket s;
	uint64_t j = 5;

	assert_int_equal(sockdiag_parse(payload_of(dump_v4), &s), 0);
	assert_true(sockdiag_armed(&s, 250, 431000, &j));
	assert_int_equal(j, 431547 + 183 - 250);
	assert_true(sockdiag_armed(&s, 250, (7ULL << 32) + 431000, &j));
	assert_true(j == (7ULL << 32) + 431547 + 183 - 250);
	s.last_data_sent_ms = 0; /* it connected meanwhile */
	assert_false(sockdiag_armed(&s, 250, 431000, &j));
	s.last_data_sent_ms = 10010; /* 3003 jiffies of 1/300 s */
	s.state.expires_ms = 237;    /* 71 of them, rounded up */
	assert_true(sockdiag_armed(&s, 300, 3000, &j));
	assert_int_equal(j, 3003 + 71 - 300);
	s.state.expires_ms = 0; /* due */
	assert_false(sockdiag_armed(&s, 250, 431000, &j));
	s.state.expires_ms = 732;
	s.has_info = false;
	assert_false(sockdiag_armed(&s, 250, 431000, &j));
}

/* Cut at every length, in memory of exactly that size so that a sanitizer sees a read beyond it. */
static void test_cut(void **state)
{
	size_t whole = sizeof(dump_v4) - PAYLOAD;

	for (size_t len = 0; len < whole; len++) {
		uint8_t *cut = malloc(len ? len : 1);
		struct sockdiag_socket s;
		int r;

		assert_non_null(cut);
		memcpy(cut, dump_v4 + PAYLOAD, len);
		r = sockdiag_parse(bytes_of(cut, len), &s);
		if (len < ATTRIBUTES - PAYLOAD)
			assert_int_equal(r, -EBADMSG);
		else
			assert_true(r == 0 || r == -EBADMSG);
		if (!r)
			assert_flow(&s, "127.0.0.1:40001", "127.0.0.1:9999");
		free(cut);
	}
}

/* A tcp_info of an older kernel ends earlier: what it lacks stays 0. */
static void test_short_info(void **state)
{
	uint8_t copy[sizeof(dump_v4)];
	struct sockdiag_socket s;
	size_t at = ATTRIBUTES;
	size_t len;

	memcpy(copy, dump_v4, sizeof(copy));
	while (copy[at + 2] != 2) /* INET_DIAG_INFO */
		at += (copy[at] + 3U) & ~3U;
	copy[at] = 4 + 48; /* up to last_data_sent */
	copy[at + 1] = 0;
	len = at + 4 + 48 - PAYLOAD;
	assert_int_equal(sockdiag_parse(bytes_of(copy + PAYLOAD, len), &s), 0);
	assert_int_equal(s.last_data_sent_ms, 0x1a56ec);
	assert_int_equal(s.total_retrans, 0);
	copy[at] = 4 + 6;
	assert_int_equal(sockdiag_parse(bytes_of(copy + PAYLOAD, at + 4 + 6 - PAYLOAD), &s), 0);
	assert_false(s.has_info);
	copy[at] = 3; /* less than its own header */
	assert_int_equal(sockdiag_parse(bytes_of(copy + PAYLOAD, len), &s), -EBADMSG);
}

/* Each of what shows that a socket was connected; dump_v4's is not. */
static void test_was_connected(void **state)
{
	const size_t at[] = { offsetof(struct tcp_info, tcpi_bytes_acked), offsetof(struct tcp_info, tcpi_snd_wnd) };
	const size_t server_port = PAYLOAD + 6; /* struct inet_diag_msg: idiag_dport */
	uint8_t copy[sizeof(dump_v4)];
	struct sockdiag_socket s;
	size_t i, info = ATTRIBUTES;

	assert_int_equal(sockdiag_parse(payload_of(dump_v4), &s), 0);
	assert_false(s.was_connected);
	assert_int_equal(s.segs_in, 0);
	while (dump_v4[info + 2] != 2) /* INET_DIAG_INFO */
		info += (dump_v4[info] + 3U) & ~3U;
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		memcpy(copy, dump_v4, sizeof(copy));
		copy[info + 4 + at[i]] ^= 1;
		assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
		assert_int_equal(s.was_connected, i == 0); /* a SYN that crossed has a window, too */
		copy[server_port] = copy[server_port + 1] = 0;
		assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
		assert_true(s.was_connected);
	}
	memcpy(copy, dump_v4, sizeof(copy));
	copy[info + 4 + offsetof(struct tcp_info, tcpi_segs_in)] = 1;
	assert_int_equal(sockdiag_parse(payload_of(copy), &s), 0);
	assert_int_equal(s.segs_in, 1);
	assert_false(s.was_connected);
}

static void count(const struct sockdiag_socket *s, void *user)
{
	++*(int *)user;
}

static void test_datagrams(void **state)
{
	uint8_t both[sizeof(dump_v4) + sizeof(dump_end)];
	uint8_t end[sizeof(dump_end)];
	bool done;
	int n = 0;

	memcpy(both, dump_v4, sizeof(dump_v4));
	memcpy(both + sizeof(dump_v4), dump_end, sizeof(dump_end));
	assert_int_equal(sockdiag_parse_datagram(bytes_of(dump_v4, sizeof(dump_v4)), SEQ, count, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(sockdiag_parse_datagram(bytes_of(both, sizeof(both)), SEQ, count, &n, &done), 1);
	assert_int_equal(n, 2);
	assert_true(done);
	/* of a dump before */
	assert_int_equal(sockdiag_parse_datagram(bytes_of(both, sizeof(both)), SEQ + 1, count, &n, &done), 0);
	assert_int_equal(n, 2);
	assert_false(done);

	/* A bad message does not hide the end. */
	both[PAYLOAD] = 99;
	assert_int_equal(sockdiag_parse_datagram(bytes_of(both, sizeof(both)), SEQ, count, &n, &done), -EBADMSG);
	assert_true(done);
	assert_int_equal(n, 2);

	/* The dump ended by an error; an interrupted one; one without a code. */
	memcpy(end, dump_end, sizeof(end));
	end[16] = (uint8_t)-ENOENT;
	end[17] = end[18] = end[19] = 0xff;
	assert_int_equal(sockdiag_parse_datagram(bytes_of(end, sizeof(end)), SEQ, count, &n, &done), -ENOENT);
	memcpy(end, dump_end, sizeof(end));
	end[6] |= 0x10; /* NLM_F_DUMP_INTR */
	assert_int_equal(sockdiag_parse_datagram(bytes_of(end, sizeof(end)), SEQ, count, &n, &done), -EAGAIN);
	memcpy(end, dump_end, sizeof(end));
	end[0] = 16;
	assert_int_equal(sockdiag_parse_datagram(bytes_of(end, 16), SEQ, count, &n, &done), 1);
	assert_int_equal(n, 2);
}

static void test_error_message(void **state)
{
	uint8_t error[36] = { 36, 0, 0, 0, 2, 0, 0, 0, SEQ };
	bool done;
	int n = 0;

	memset(error + 16, 0xff, 4);
	error[16] = (uint8_t)-EBUSY;
	assert_int_equal(sockdiag_parse_datagram(bytes_of(error, sizeof(error)), SEQ, count, &n, &done), -EBUSY);
	assert_true(done);
	memset(error + 16, 0x7f, 4); /* no errno is positive */
	assert_int_equal(sockdiag_parse_datagram(bytes_of(error, sizeof(error)), SEQ, count, &n, &done), -EBADMSG);
	error[0] = 18; /* the code is cut */
	assert_int_equal(sockdiag_parse_datagram(bytes_of(error, 18), SEQ, count, &n, &done), -EBADMSG);
	error[0] = 15; /* less than its own header */
	assert_int_equal(sockdiag_parse_datagram(bytes_of(error, 18), SEQ, count, &n, &done), -EBADMSG);
	assert_int_equal(n, 0);
}

/* Any bytes: it comes to an end, within bounds, and a socket given is of a known family. */
static void known(const struct sockdiag_socket *s, void *user)
{
	uint8_t client = s->state.flow.client.addr.family, server = s->state.flow.server.addr.family;

	assert_true((client == 4 || client == 6) && (server == 4 || server == 6));
	++*(int *)user;
}

static void test_mutations(void **state)
{
	size_t len = sizeof(dump_v4);
	uint8_t *copy = malloc(len);
	int given = 0;

	assert_non_null(copy);
	srand(8);
	for (int i = 0; i < 20000; i++) {
		memcpy(copy, dump_v4, len);
		for (int k = rand() % 4 + 1; k; k--)
			copy[(size_t)rand() % (k & 1 ? len : 160)] = (uint8_t)rand();
		sockdiag_parse_datagram(bytes_of(copy, len), SEQ, known, &given, NULL);
	}
	assert_in_range(given, 10000, 19999);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syn_sent),      cmocka_unit_test(test_families_and_states),
		cmocka_unit_test(test_destroyed),     cmocka_unit_test(test_unsent),
		cmocka_unit_test(test_armed),	      cmocka_unit_test(test_cut),
		cmocka_unit_test(test_short_info),    cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_error_message), cmocka_unit_test(test_was_connected),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
