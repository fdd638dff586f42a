/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a wire knows of flows, and what is for none. */
#include "tests/unit/wire_script.h"

#include <string.h>

#include "lab/wire_table.h"
#include "packet/ip.h"
#include "tests/unit/made.h"
#include "util/duration.h"

static void stale(void **state)
{
	struct script s = { 0 };
	size_t i;

	for (i = 0; i < 2; i++) {
		s = (struct script){ .version = versions[i] };
		script_start(&s, FAULTS("conntrack-stale"), 1);
		script_syn(&s, 0, 1000);
		script_syn(&s, 1000, 1000);
		script_ack(&s, 1001, 1000);
		s.client = 40001;
		script_syn(&s, 2000, 7000);
		script_ack(&s, 2001, 7000);
		s.client = 40000;
		script_syn(&s, 3000, 8000); /* a new connection from that port */
		s.server = 81;
		script_syn(&s, 4000, 9000); /* another server */
		script_expect(&s, "0 told 0 dropped syn 0\n1000 told 0 dropped syn 1\n1001 told 0 dropped later 0\n"
				  "2000 far S 7000\n2001 far A 7001/5001\n"
				  "3000 told 0 dropped syn 0\n4000 told 0 dropped syn 0\n");
		script_end(&s);
	}
}

static void scopes(void **state)
{
	static const struct {
		const char *fault;
		int version;
		uint8_t host;
		uint16_t port;
		bool drops;
	} rows[] = {
		{ "syn-drop@v4", 4, 2, 80, true },
		{ "syn-drop@v4", 6, 2, 80, false },
		{ "syn-drop@v6", 6, 2, 80, true },
		{ "syn-drop@10.0.0.3", 4, 3, 80, true },
		{ "syn-drop@10.0.0.3", 4, 2, 80, false },
		{ "syn-drop@[fd00::3]:443", 6, 3, 443, true },
		{ "syn-drop@[fd00::3]:443", 6, 3, 80, false },
		{ "syn-drop@:443", 4, 9, 443, true },
		{ "syn-drop@db.internal", 4, 2, 80, false },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script s = { .version = rows[i].version, .host = rows[i].host, .server = rows[i].port };

		script_start(&s, FAULTS(rows[i].fault), 1);
		script_syn(&s, 0, 1000);
		script_expect(&s, rows[i].drops ? "0 told 0 dropped syn 0\n" : "0 far S 1000\n");
		script_end(&s);
	}
}

/* Another ISN is another handshake, with counts of its own; an answer to the old one is none to it. */
static void ports_used_again(void **state)
{
	struct script s = { 0 };

	script_start(&s, FAULTS("syn-drop:1", "synack-drop"), 1);
	script_syn(&s, 0, 1000);
	script_syn(&s, 1, 1000);
	script_syn(&s, 2, 900000);
	script_syn(&s, 3, 900000);
	script_syn_ack(&s, 4, 1000);
	script_syn_ack(&s, 5, 900000);
	script_expect(&s, "0 told 0 dropped syn 0\n1 far S 1000\n2 told 0 dropped syn 0\n3 far S 900000\n"
			  "4 client SA 5000/1001\n5 told 1 dropped reply-syn 0\n");
	assert_int_equal(wire_forgotten(s.w), 0);
	script_end(&s);
}

/* Whatever is no plain TCP segment, or of no known connection, goes through with all its bytes. */
static void passes(void **state)
{
	static const struct made_frame frames[] = {
		{ .linktype = 1, .version = 0 },
		{ .linktype = 1, .version = 4, .protocol = PROTO_UDP, .payload = 9 },
		{ .linktype = 1, .version = 6, .protocol = PROTO_ICMPV6, .flags = 135 },
		{ .linktype = 1, .version = 4, .protocol = PROTO_TCP, .flags = TCP_SYN, .vlans = 1 },
		{ .linktype = 1, .version = 4, .protocol = PROTO_TCP, .flags = TCP_ACK, .payload = 60000 },
		{ .linktype = 1, .version = 6, .protocol = PROTO_TCP, .flags = TCP_RST },
	};
	struct script s = { .quiet = true };
	struct buf frame = { 0 };
	size_t i;

	/* Not through script_feed(): most of these decode to nothing. */
	script_start(&s, FAULTS("loss-all:100%"), 1);
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		buf_reset(&frame);
		made_frame(&frame, &frames[i]);
		s.through = made_bytes(&frame);
		wire_feed(s.w, i & 1 ? WIRE_FAR : WIRE_CLIENT, &s.vh, (uint8_t *)frame.data, frame.len, 0);
		assert_int_equal(s.n_out, i + 1);
	}
	/* A first fragment of a SYN. */
	buf_reset(&frame);
	made_frame(&frame, &frames[3]);
	frame.data[18 + 6] = 0x20;
	s.through = bytes_of(frame.data + 4, frame.len - 4);
	memmove(frame.data + 4, frame.data, 12);
	wire_feed(s.w, WIRE_CLIENT, &s.vh, (uint8_t *)frame.data + 4, frame.len - 4, 0);
	assert_int_equal(s.n_out, i + 1);
	assert_int_equal(s.n_told, 0);
	buf_fini(&frame);
	script_end(&s);
}

/* Large segments that are to be cut, with checksums to be made, go out as they came, held or not. */
static void headers(void **state)
{
	struct script s = { .quiet = true };

	s.vh = (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
					.hdr_len = 54,
					.gso_size = 1448,
					.csum_start = 34,
					.csum_offset = 16 };
	script_start(&s, FAULTS("delay-all:1ms", "duplicate"), 1);
	script_syn(&s, 0, 1000);
	script_feed(&s, 1, &(struct segment){ .flags = TCP_ACK, .seq = 1001, .ack = 5001, .payload = 64000 });
	script_feed(&s, 2, &(struct segment){ .flags = TCP_ACK, .seq = 65001, .ack = 5001, .payload = 64000 });
	script_advance(&s, 3);
	script_expect(&s, "1 far S 1000\n1 far S 1000\n2 far A 1001/5001 +64000\n2 far A 1001/5001 +64000\n"
			  "3 far A 65001/5001 +64000\n");
	script_end(&s);
}

/* The oldest handshake is forgotten, which counts unless it was over. */
static void forgets(void **state)
{
	struct script s = { .quiet = true };
	int i;

	script_start(&s, FAULTS("ack-drop:1"), 1);
	for (i = 0; i < WIRE_HANDSHAKES_MAX + 100; i++) {
		s.client = (uint16_t)(1 + i);
		script_syn(&s, i, (uint32_t)i);
		/* The first 60 end in all known ways, at the far end and at the client's. */
		if (i < 20)
			script_feed(&s, i, &(struct segment){ .from = WIRE_FAR, .flags = TCP_RST | TCP_ACK });
		else if (i < 60) {
			script_syn_ack(&s, i, (uint32_t)i);
			script_ack(&s, i, (uint32_t)i);
			script_feed(&s, i,
				    &(struct segment){ .from = WIRE_CLIENT,
						       .flags = TCP_ACK | (i < 40 ? TCP_FIN : TCP_RST) });
		}
		assert_int_equal(wire_forgotten(s.w), i < WIRE_HANDSHAKES_MAX + 60 ? 0 : i - WIRE_HANDSHAKES_MAX - 59);
	}
	s.n_told = 0;
	/* Of forgotten ones nothing is known, of the others all is. */
	for (i = 0; i < WIRE_HANDSHAKES_MAX + 100; i++) {
		s.client = (uint16_t)(1 + i);
		script_ack(&s, 20000, (uint32_t)i);
		assert_int_equal(s.n_told, i < 100 ? 0 : i - 99);
	}
	buf_reset(&s.out);
	script_end(&s);
}

/* The table itself, so small that all is in few chains. */
static void table(void **state)
{
	struct wire_table t;
	struct flow flows[9] = { 0 };
	struct wire_item *item;
	int i, k;

	assert_true(wire_table_init(&t, sizeof(struct wire_item), 4, 1));
	for (i = 0; i < 9; i++) {
		flows[i].server.port = (uint16_t)(i + 1);
		assert_null(wire_table_find(&t, &flows[i]));
		item = wire_table_add(&t, &flows[i]);
		for (k = 0; k <= i; k++)
			assert_true(!!wire_table_find(&t, &flows[k]) == (k > i - 4));
		assert_ptr_equal(wire_table_find(&t, &flows[i]), item);
	}
	for (i = 5; i < 9; i++) {
		wire_table_remove(&t, wire_table_find(&t, &flows[i]));
		for (k = 0; k < 9; k++)
			assert_true(!!wire_table_find(&t, &flows[k]) == (k > i));
	}
	wire_table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stale),  cmocka_unit_test(scopes),  cmocka_unit_test(ports_used_again),
		cmocka_unit_test(passes), cmocka_unit_test(headers), cmocka_unit_test(forgets),
		cmocka_unit_test(table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
