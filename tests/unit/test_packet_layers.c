/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_packet.h"

#include <dirent.h>
#include <string.h>

#include "packet/tcpdump.h"
#include "util/buf.h"

#define OUTER "192.0.2.1 > 192.0.2.2"
#define OUTER6 "2001:db8::1 > 2001:db8::2"
#define TCP_NEEDED 16 /* up to the window */

/* The same SYN comes out of everything that may be around it. */
static const struct ours {
	const char *name;
	int version;
	const char *path;
} ours[] = {
	{ "link-raw-openbsd", 4, "" },
	{ "link-snap", 4, "" },
	{ "link-snap-802.1h", 6, "" },
	{ "link-snap-vlan", 4, "vlan 5" },
	{ "link-llc-ip", 4, "" },
	{ "link-sll-llc", 4, "" },
	{ "link-ppp", 4, "" },
	{ "link-ppp-6", 6, "" },
	{ "link-ppp-no-address", 4, "" },
	{ "link-ppp-compressed", 4, "" },
	{ "link-ppp-cisco", 4, "" },
	{ "link-ppp-mpls", 4, "mpls 29" },
	{ "link-ppp-hdlc", 4, "" },
	{ "link-ppp-hdlc-cisco", 6, "" },
	{ "link-pppd", 4, "" },
	{ "link-pppd-no-control", 4, "" },
	{ "link-ppp-direction", 4, "" },
	{ "link-ppp-ether", 4, "pppoe 17" },
	{ "link-hdlc", 4, "" },
	{ "link-hdlc-ppp", 4, "" },
	{ "link-hdlc-direction", 6, "" },
	{ "link-mpls", 4, "mpls 16 / mpls 17" },
	{ "link-wifi", 4, "" },
	{ "link-wifi-qos", 4, "" },
	{ "link-wifi-4-addresses", 6, "" },
	{ "link-wifi-ht-control", 4, "" },
	{ "link-wifi-order", 4, "" },
	{ "link-wifi-amsdu", 4, "" },
	{ "link-wifi-vlan", 4, "vlan 5" },
	{ "link-wifi-fragment-first", 4, "" },
	{ "link-radiotap", 4, "" },
	{ "link-radiotap-padded", 4, "" },
	{ "link-radiotap-words", 4, "" },
	{ "link-radiotap-words-endless", 4, "" },
	{ "link-prism", 4, "" },
	{ "link-prism-avs", 4, "" },
	{ "link-avs", 4, "" },
	{ "link-ppi", 4, "" },
	{ "link-ppi-ethernet", 6, "" },
	{ "shim-vlan-20", 4,
	  "vlan 5 / vlan 5 / vlan 5 / vlan 5 / vlan 5 / vlan 5 / vlan 5 / vlan 5 / vlan 5 / vlan 5 / 10 more" },
	{ "shim-mpls", 4, "mpls 29" },
	{ "shim-mpls-stack", 6, "mpls 3 / mpls 1048575 / mpls 2" },
	{ "shim-mpls-vlan", 4, "vlan 5 / mpls 29" },
	{ "shim-mpls-control-word", 4, "mpls 16" },
	{ "shim-mpls-pseudowire", 4, "mpls 16 / vlan 5" },
	{ "shim-pppoe", 4, "pppoe 17" },
	{ "shim-pppoe-6", 6, "vlan 5 / pppoe 17" },
	{ "shim-pppoe-length-long", 4, "pppoe 17" },
	{ "shim-pbb", 4, "" },
	{ "shim-cisco", 4, "" },
	{ "tunnel-ipip", 4, "ipip " OUTER },
	{ "tunnel-6in4", 6, "ipip " OUTER },
	{ "tunnel-4in6", 4, "ipip " OUTER6 },
	{ "tunnel-6in6", 6, "ipip " OUTER6 },
	{ "tunnel-4in6-headers", 4, "ipip " OUTER6 },
	{ "tunnel-ipip-outer-total-0", 4, "ipip " OUTER },
	{ "tunnel-depth-8", 4,
	  "ipip " OUTER " / ipip " OUTER " / ipip " OUTER " / ipip " OUTER " / ipip " OUTER " / ipip " OUTER
	  " / ipip " OUTER " / ipip " OUTER },
	{ "tunnel-gre", 4, "gre " OUTER },
	{ "tunnel-gre-6", 6, "gre " OUTER6 },
	{ "tunnel-gre-all", 4, "gre 77 " OUTER },
	{ "tunnel-gre-key", 4, "gre 3735928559 " OUTER },
	{ "tunnel-gre-ethernet", 4, "gre " OUTER " / vlan 5" },
	{ "tunnel-gre-mpls", 4, "gre " OUTER " / mpls 30" },
	{ "tunnel-gre-wccp", 4, "gre " OUTER },
	{ "tunnel-gre-wccp-2", 4, "gre " OUTER },
	{ "tunnel-gre-pptp", 4, "gre 9 " OUTER },
	{ "tunnel-erspan-1", 4, "erspan " OUTER },
	{ "tunnel-erspan-2", 4, "erspan 9 " OUTER },
	{ "tunnel-erspan-3", 4, "erspan 9 " OUTER },
	{ "tunnel-erspan-3-subheader", 6, "erspan 9 " OUTER },
	{ "tunnel-erspan-3-ip", 4, "erspan 9 " OUTER },
	{ "tunnel-vxlan", 4, "vxlan 5 " OUTER },
	{ "tunnel-vxlan-6", 6, "vxlan 16777215 " OUTER6 },
	{ "tunnel-vxlan-8472", 4, "vxlan 5 " OUTER " / vlan 5" },
	{ "tunnel-vxlan-vlan", 4, "vlan 5 / vxlan 5 " OUTER },
	{ "tunnel-vxlan-udp-length-0", 4, "vxlan 5 " OUTER },
	{ "tunnel-gpe", 4, "vxlan 5 " OUTER },
	{ "tunnel-gpe-4", 4, "vxlan 5 " OUTER },
	{ "tunnel-gpe-mpls", 6, "vxlan 5 " OUTER " / mpls 2" },
	{ "tunnel-geneve", 4, "geneve 7 " OUTER },
	{ "tunnel-geneve-options", 6, "geneve 7 " OUTER },
	{ "tunnel-gtpu", 4, "gtp-u 4660 " OUTER },
	{ "tunnel-gtpu-6", 6, "gtp-u 4660 " OUTER6 },
	{ "tunnel-gtpu-sequence", 4, "gtp-u 4660 " OUTER },
	{ "tunnel-gtpu-extensions", 4, "gtp-u 4660 " OUTER },
	{ "tunnel-all", 6,
	  "vlan 5 / mpls 18 / vxlan 5 " OUTER " / vlan 5 / gre 1 " OUTER " / gtp-u 4660 " OUTER " / ipip " OUTER },
};

static void assert_syn(const char *name, const struct packet *p, int version)
{
	const struct event_segment *s = &p->event.segment;

	if (p->event.kind != EVENT_SEGMENT || p->ip_version != version || s->seq != 1000 || s->flags != TCP_SYN)
		fail_msg("%s", name);
	assert_endpoint(&s->src, version == 4 ? "10.0.0.1:40000" : "[fd00::1]:40000");
	assert_endpoint(&s->dst, version == 4 ? "10.0.0.2:12345" : "[fd00::2]:12345");
	assert_true(addr_equal(&s->src.addr, &p->src) && addr_equal(&s->dst.addr, &p->dst));
	assert_int_equal(s->window, 64240);
	assert_int_equal(s->ttl, 64);
	assert_int_equal(s->len, 0);
	assert_false(s->bad_checksum);
}

static void same_syn(void **state)
{
	char path[512];
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (decode_named(ours[i].name, &p) != DECODE_OK)
			fail_msg("%s", ours[i].name);
		assert_syn(ours[i].name, &p, ours[i].version);
		assert_string_equal(path_format(&p.path, path, sizeof(path)), ours[i].path);
		assert_true(p.event.segment.has_ts);
	}
}

/* Every byte of every header is needed: what the capture cut is "truncated", whatever was cut. */
static void cut_anywhere(void **state)
{
	struct packet whole, p;
	struct frame_case c;
	size_t i, len, needed;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		c = frame_named(ours[i].name);
		assert_int_equal(frame_case_decode(&c, &whole), DECODE_OK);
		needed = (size_t)(whole.l4.p - c.frame.p) + TCP_NEEDED;
		for (len = 0; len < c.frame.len; len++) {
			enum decode_result r =
				decode_cut_frame(c.linktype, bytes_of(c.frame.p, len), (uint32_t)c.frame.len, &p);

			if (r != (len < needed ? DECODE_TRUNCATED : DECODE_OK))
				fail_msg("%s, %zu of %zu bytes: %d", ours[i].name, len, c.frame.len, r);
			if (r == DECODE_OK)
				assert_syn(ours[i].name, &p, ours[i].version);
		}
	}
}

/* Nor is there a TCP header in a frame that ends before it. */
static void short_on_the_wire(void **state)
{
	struct packet whole, p;
	struct frame_case c;
	size_t i, len, needed;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		c = frame_named(ours[i].name);
		assert_int_equal(frame_case_decode(&c, &whole), DECODE_OK);
		needed = (size_t)(whole.l4.p - c.frame.p) + TCP_NEEDED;
		for (len = 0; len < needed; len++) {
			if (decode_frame(c.linktype, bytes_of(c.frame.p, len), &p) == DECODE_OK)
				fail_msg("%s, %zu of %zu bytes", ours[i].name, len, c.frame.len);
		}
	}
}

static void not_ours(void **state)
{
	static const char *const names[] = {
		"link-length-0",
		"link-llc-stp",
		"link-snap-other-oui",
		"link-ppp-lcp",
		"link-hdlc-slarp",
		"link-wifi-beacon",
		"link-wifi-encrypted",
		"link-wifi-fragment-later",
		"link-wifi-no-data",
		"link-ppi-in-ppi",
		"link-ppi-unknown",
		"shim-mpls-ach",
		"shim-mpls-other",
		"shim-pppoe-lcp",
		"shim-pppoe-padt",
		"shim-pppoe-version-2",
		"shim-cisco-version-2",
		"tunnel-ipip-fragment-later",
		"tunnel-ipip-udp",
		"tunnel-depth-9",
		"tunnel-depth-30",
		"tunnel-icmp-quotes-gre",
		"tunnel-gre-cdp",
		"tunnel-gre-keepalive",
		"tunnel-gre-pptp-no-payload",
		"tunnel-gre-routing",
		"tunnel-gre-version-2",
		"tunnel-erspan-version-7",
		/* plain UDP, or what cannot be read */
		"tunnel-vxlan-arp",
		"tunnel-vxlan-empty",
		"tunnel-vxlan-from",
		"tunnel-vxlan-no-vni",
		"tunnel-vxlan-udp-length-7",
		"tunnel-gpe-nsh",
		"tunnel-gpe-oam",
		"tunnel-geneve-control",
		"tunnel-geneve-options-long",
		"tunnel-geneve-version-1",
		"tunnel-gtpu-echo",
		"tunnel-gtpu-ethernet",
		"tunnel-gtpu-extension-0",
		"tunnel-gtpu-extension-long",
		"tunnel-gtpu-version-2",
	};
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (decode_named(names[i], &p) != DECODE_NOT_OURS || p.event.kind != EVENT_NONE)
			fail_msg("%s", names[i]);
	}
}

static void contradictory(void **state)
{
	static const char *const names[] = {
		"link-ppp-contradicts", "link-radiotap-length-7",  "link-radiotap-length-long",
		"link-avs-short",	"link-ppi-length-7",	   "shim-mpls-bottomless",
		"shim-pppoe-length-1",	"tunnel-ipip-contradicts", "tunnel-ipip-empty",
		"tunnel-gre-short",
	};
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (decode_named(names[i], &p) != DECODE_MALFORMED || p.event.kind != EVENT_NONE)
			fail_msg("%s", names[i]);
	}
}

/* What the outer packet was does not show in the inner one. */
static void inner_fields(void **state)
{
	struct packet p;

	/* The outer is a fragment, so the inner is cut; its own header knows nothing of that. */
	assert_int_equal(decode_named("tunnel-ipip-fragment-first", &p), DECODE_OK);
	assert_false(p.more_fragments);
	assert_int_equal(p.ip_total, 60);
	assert_int_equal(p.ip_on_wire, 48);
	assert_int_equal(p.l4_stated, 40);
	assert_int_equal(p.event.segment.len, 0);
	assert_int_equal(decode_named("tunnel-ipip-fragment-tiny", &p), DECODE_TRUNCATED);
	assert_int_equal(decode_named("tunnel-4in6", &p), DECODE_OK);
	assert_int_equal(p.flow_label, 0);
	assert_int_equal(p.ip.len, 60);
	assert_int_equal(decode_named("tunnel-ipip-icmp", &p), DECODE_OK);
	assert_int_equal(p.event.kind, EVENT_ICMP);
	assert_endpoint(&p.event.icmp.flow.client, "10.0.0.1:40000");
	/* The padding of the Ethernet frame is not the session's. */
	assert_int_equal(decode_named("shim-pppoe-padded", &p), DECODE_OK);
	assert_int_equal(p.event.segment.len, 0);
	assert_int_equal(p.ip_on_wire, 40);
	/* Only what is outside a tunnel is a tag of the frame. */
	assert_int_equal(decode_named("tunnel-vxlan-8472", &p), DECODE_OK);
	assert_int_equal(p.vlans, 0);
	assert_int_equal(decode_named("tunnel-vxlan-vlan", &p), DECODE_OK);
	assert_int_equal(p.vlans, 1);
	assert_int_equal(p.path.n, 2);
	assert_int_equal(p.path.n_tunnels, 1);
}

static void path_text(void **state)
{
	struct path none = { 0 };
	struct packet p;
	char to[64];

	assert_string_equal(path_format(&none, to, sizeof(to)), "");
	assert_int_equal(decode_named("tunnel-vxlan-vlan", &p), DECODE_OK);
	assert_string_equal(path_format(&p.path, to, 10), "vlan 5 / ");
	assert_string_equal(path_format(&p.path, to, 2), "v");
	assert_string_equal(path_format(&p.path, to, 1), "");
	strcpy(to, "untouched");
	assert_string_equal(path_format(&p.path, to, 0), "untouched");
	assert_int_equal(decode_named("tunnel-depth-8", &p), DECODE_OK);
	assert_int_equal(p.path.n_tunnels, PATH_TUNNELS_MAX);
	assert_int_equal(decode_named("link-vlan-300", &p), DECODE_OK);
	assert_int_equal(p.path.n, 300);
	assert_int_equal(p.path.n_tunnels, 0);
	assert_int_equal(p.path.steps[PATH_STEPS_MAX - 1].id, 5);
}

static void link_names(void **state)
{
	int i;

	for (i = -1; i < 70000; i++) {
		if (linktype_is_decoded(i))
			assert_non_null(linktype_name(i));
	}
	assert_string_equal(linktype_name(LINK_ETHERNET), "Ethernet");
	assert_string_equal(linktype_name(LINK_RAW_OPENBSD), "raw IP");
	assert_string_equal(linktype_name(147), "USER0");
	assert_string_equal(linktype_name(162), "USER15");
	assert_string_equal(linktype_name(195), "IEEE802_15_4_WITHFCS");
	assert_null(linktype_name(208));
	assert_null(linktype_name(-1));
	assert_null(linktype_name(65535));
	assert_true(linktype_is_decoded(LINK_WIFI_RADIOTAP));
	assert_false(linktype_is_decoded(147));
	assert_false(linktype_is_decoded(107));
}

/* As tcpdump 4.99.3 printed them, but where it does not know what is around the packet. */
static void lines(void **state)
{
#define SYN4                                                                   \
	"IP 10.0.0.1.40000 > 10.0.0.2.12345: Flags [S], seq 1000, win 64240, " \
	"options [mss 65495,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0"
	static const struct {
		const char *name, *line;
	} rows[] = {
		{ "shim-mpls", "MPLS (label 29, tc 0, [S], ttl 64) " SYN4 },
		{ "shim-pppoe-length-long", "PPPoE  [len 1400 > 62!] [ses 0x11] " SYN4 },
		{ "tunnel-ipip", "IP " OUTER ": " SYN4 },
		{ "tunnel-4in6-headers", "IP6 " OUTER6 ": DSTOPT " SYN4 },
		{ "tunnel-gre-all", "IP " OUTER ": GREv0, off 0x0, key=0x4d, seq 3, length 76: " SYN4 },
		{ "tunnel-gre-pptp", "IP " OUTER ": GREv1, call 9, seq 1, ack 2, length 80: " SYN4 },
		{ "tunnel-vxlan", "IP 192.0.2.1.33333 > 192.0.2.2.4789: VXLAN, flags [I] (0x08), vni 5\n" SYN4 },
		{ "tunnel-gpe", "IP 192.0.2.1.33333 > 192.0.2.2.4790: VXLAN-GPE, flags [IP], vni 5: " SYN4 },
		{ "tunnel-geneve", "IP 192.0.2.1.33333 > 192.0.2.2.6081: Geneve, Flags [none], vni 0x7: " SYN4 },
		{ "tunnel-gtpu", SYN4 },
		{ "tunnel-erspan-2", SYN4 },
		{ "shim-mpls-control-word", SYN4 },
		{ "link-radiotap-padded", SYN4 },
		{ "tunnel-ipip-outer-total-0", SYN4 },
		/* no packet of ours inside */
		{ "tunnel-gre-cdp", "" },
		{ "tunnel-vxlan-arp", "IP 192.0.2.1.33333 > 192.0.2.2.4789: VXLAN, flags [I] (0x08), vni 5\n" },
	};
	struct tcpdump_opts o = { .utc = true };
	struct buf line = { 0 };
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tcpdump *t = tcpdump_new(&o);

		assert_non_null(t);
		decode_named(rows[i].name, &p);
		buf_reset(&line);
		tcpdump_line(t, 0, &p, &line);
		assert_string_equal(buf_text(&line) + strlen("00:00:00.000000 "), rows[i].line);
		tcpdump_free(t);
	}
	buf_fini(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_syn),  cmocka_unit_test(cut_anywhere),  cmocka_unit_test(short_on_the_wire),
		cmocka_unit_test(not_ours),  cmocka_unit_test(contradictory), cmocka_unit_test(inner_fields),
		cmocka_unit_test(path_text), cmocka_unit_test(link_names),    cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
