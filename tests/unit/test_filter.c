/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters of libpcap's language, for packets of any link type; and the numbers of packets' paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "made.h"
#include "packet/decode.h"
#include "packet/paths.h"
#include "sources/filter.h"

static struct filter *filter_of(const char *text)
{
	struct filter *f = NULL;
	struct err e = { 0 };

	if (filter_new(text, &f, &e))
		fail_msg("%s: %s", text, e.what);
	assert_non_null(f);
	return f;
}

static int match(const struct filter *f, struct made_frame frame)
{
	struct buf b = { 0 };
	int r;

	made_frame(&b, &frame);
	r = filter_match(f, frame.linktype, made_bytes(&b), (uint32_t)b.len);
	buf_fini(&b);
	return r;
}

static const struct made_frame syn4 = {
	.version = 4, .protocol = 6, .host_src = 1, .host_dst = 2, .sport = 40000, .dport = 80, .flags = 2
};

static void link_types(void **state)
{
	static const int types[] = { LINK_ETHERNET, LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_RAW, LINK_NULL };
	struct filter *web = filter_of("tcp dst port 80"), *other = filter_of("host 10.0.0.3 or udp"),
		      *flags = filter_of("tcp[13] & 6 != 0"), *v6 = filter_of("ip6 and tcp port 80");
	struct made_frame f;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		f = syn4;
		f.linktype = types[i];
		assert_int_equal(match(web, f), 1);
		assert_int_equal(match(other, f), 0);
		assert_int_equal(match(flags, f), 1);
		assert_int_equal(match(v6, f), 0);
		f.dport = 81;
		f.flags = 0x10;
		assert_int_equal(match(web, f), 0);
		assert_int_equal(match(flags, f), 0);
		f.version = 6;
		f.dport = 80;
		assert_int_equal(match(v6, f), 1);
		assert_int_equal(match(web, f), 1);
		assert_string_equal(filter_why(web, types[i]), "");
	}
	filter_free(web);
	filter_free(other);
	filter_free(flags);
	filter_free(v6);
}

/* Those that are decoded can be filtered, but for a few for which libpcap itself says why not. */
static void every_link_type(void **state)
{
	struct filter *f = filter_of("tcp");
	int type;

	for (type = 0; type < 300; type++) {
		bool has = filter_match(f, type, bytes_of("", 0), 0) >= 0;
		bool may_lack = type == LINK_C_HDLC_WITH_DIR || type == LINK_MPLS;

		if (!linktype_is_decoded(type)) {
			assert_false(has);
			continue;
		}
		if (!has && (!may_lack || !strcmp(filter_why(f, type), "unknown link type")))
			fail_msg("link type %d (%s): %s", type, linktype_name(type), filter_why(f, type));
		assert_int_equal(has, !filter_why(f, type)[0]);
	}
	assert_int_equal(filter_match(f, 147, bytes_of("", 0), 0), -1);
	assert_string_equal(filter_why(f, 147), "unknown link type");
	filter_free(f);
}

/* What has a meaning for some link types only. */
static void meaning(void **state)
{
	struct filter *f = filter_of("ether src 02:00:00:00:00:02 and vlan 10");
	struct made_frame frame = syn4;

	frame.linktype = LINK_ETHERNET;
	frame.vlans = 1;
	assert_int_equal(match(f, frame), 1);
	frame.vlans = 0;
	assert_int_equal(match(f, frame), 0);
	frame.linktype = LINK_RAW;
	assert_int_equal(match(f, frame), -1);
	assert_true(filter_why(f, LINK_RAW)[0]);
	assert_string_equal(filter_why(f, LINK_ETHERNET), "");
	filter_free(f);
}

/* Bytes that were not captured match nothing, and are not read. */
static void cut(void **state)
{
	struct filter *f = filter_of("tcp dst port 80"), *len = filter_of("greater 60");
	struct made_frame frame = syn4;
	struct buf b = { 0 };
	size_t n;

	frame.linktype = LINK_ETHERNET;
	made_frame(&b, &frame);
	for (n = 0; n <= b.len; n++) {
		assert_int_equal(filter_match(f, LINK_ETHERNET, bytes_of(b.data, n), (uint32_t)b.len),
				 n >= 14 + 20 + 4);
	}
	assert_int_equal(filter_match(len, LINK_ETHERNET, bytes_of(b.data, 20), 60), 1);
	assert_int_equal(filter_match(len, LINK_ETHERNET, bytes_of(b.data, 20), 59), 0);
	filter_free(f);
	filter_free(len);
	buf_fini(&b);
}

static void wrong_ones(void **state)
{
	static const char *const wrong[] = { "tcp port",   "no such thing", "(tcp",
					     "port 70000", "tcp[13",	    "host 1.2.3.4.5.6" };
	struct filter *f = NULL;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err e = { 0 };

		assert_int_equal(filter_new(wrong[i], &f, &e), -EINVAL);
		assert_null(f);
		assert_non_null(strstr(e.what, wrong[i]));
		assert_true(strlen(e.what) > strlen(wrong[i]) + strlen("filter \"\": "));
		assert_true(e.remedy[0]);
	}
	filter_free(NULL);
}

/* The header of IP and TCP of a SYN, of which the 12 bytes from 12 on are addresses and ports. */
static const uint8_t any_syn[40] = { 0x45, [3] = 40, [8] = 64, [9] = 6, [32] = 0x50, [33] = 2 };

static bool may(const char *text)
{
	struct filter *f = filter_of(text);
	bool is = filter_may_match(f, LINK_RAW, bytes_of(any_syn, sizeof(any_syn)), 12, 24);

	filter_free(f);
	return is;
}

/* What no SYN passes. */
static void never(void **state)
{
	static const char *const texts[] = { "udp",
					     "not tcp",
					     "ip6",
					     "udp port 53 or icmp",
					     "ip[6:2] & 0x1fff != 0",
					     "tcp[13] = 0x12",
					     "tcp[4:4] / 2 > 1 and port 80",
					     "ip[2:2] - 40 != 0",
					     "ip[0] & 0xf0 = 0x60 or ip[9] = 17",
					     "tcp[tcp[12] >> 2] = 1 and udp",
					     "tcp[20] = 0",
					     "tcp[tcp[12] >> 2] >= 0", /* no byte is there */
					     "ip[12] * 0 = 1",
					     "ip[12] & 0 = 1",
					     "40 / tcp[14] > 0", /* the window is 0 */
					     "less 39",
					     "greater 41",
					     "tcp[13] ^ 2 != 0",
					     "len % 40 = 1" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (may(texts[i]))
			fail_msg("%s", texts[i]);
}

/* What some SYN passes may be passed: all are asked of SYNs between a few addresses and ports. */
static void sometimes(void **state)
{
	static const char *const texts[] = {
		"",
		"tcp",
		"ip",
		"dst port 443",
		"portrange 400-500",
		"host 10.0.0.2",
		"net 10.0.0.0/8 and not port 22",
		"src port 22 or udp",
		"ip proto 6 and (dst port 22 or dst port 443)",
		"tcp[13] & 7 = 2",
		"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
		"tcp[0:2] > tcp[2:2]",
		"tcp[0:2] < 1024",
		"ip[16:4] = 0x0a000002",
		"ip[15] + ip[19] = 3",
		"ip[ip[19] - 2] = 0x45", /* where is not known */
		"ip[12] ^ ip[16] = 0",
		"tcp[2:2] % 443 = 0",
		"22 / tcp[3] = 1",
		"len = 40",
		"less 40 and greater 40",
		"(ip[19] = 1 or ip[19] = 2) and (tcp[3] = 22 or tcp[2:2] = 443) and not src host 10.0.0.2",
		"not (udp or icmp) and not dst port 80",
	};
	static const uint16_t ports[] = { 22, 443, 40000 };
	uint8_t syn[sizeof(any_syn)];
	size_t i;
	int n;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct filter *f = filter_of(texts[i]);
		int passed = 0;

		memcpy(syn, any_syn, sizeof(syn));
		for (n = 0; n < 36; n++) {
			syn[12] = syn[16] = 10;
			syn[15] = (uint8_t)(1 + n % 2);
			syn[19] = (uint8_t)(1 + n / 2 % 2);
			syn[20] = (uint8_t)(ports[n / 4 % 3] >> 8);
			syn[21] = (uint8_t)ports[n / 4 % 3];
			syn[22] = (uint8_t)(ports[n / 12] >> 8);
			syn[23] = (uint8_t)ports[n / 12];
			passed += filter_match(f, LINK_RAW, bytes_of(syn, sizeof(syn)), sizeof(syn));
		}
		if (!passed || !may(texts[i]))
			fail_msg("%s: %d passed", texts[i], passed);
		filter_free(f);
	}
}

/* Names are looked up beforehand, and the empty filter takes all. */
static void names(void **state)
{
	struct filter *f = filter_of("tcp dst port http and host localhost"), *all = filter_of("");
	struct made_frame frame = syn4;

	frame.linktype = LINK_RAW;
	assert_int_equal(match(f, frame), 0);
	assert_int_equal(match(all, frame), 1);
	filter_free(f);
	filter_free(all);
}

/* packet/paths.h */
static struct path path_of(uint32_t vlan, uint32_t vni)
{
	struct path p = { 0 };

	path_add(&p, &(struct path_step){ .kind = PATH_VLAN, .has_id = true, .id = vlan });
	if (vni)
		path_add(&p, &(struct path_step){ .kind = PATH_VXLAN,
						  .has_id = true,
						  .id = vni,
						  .src = { 4, { 192, 0, 2, 1 } },
						  .dst = { 4, { 192, 0, 2, 2 } } });
	return p;
}

static void paths(void **state)
{
	struct paths *p = paths_new(5);
	struct path none = { 0 }, one = path_of(10, 0), two = path_of(10, 7), more = path_of(1, 2);
	uint16_t n_one, n_two;
	char text[96];
	int i;

	assert_int_equal(paths_number(p, &none), 0);
	assert_string_equal(paths_text(p, 0), "");
	n_one = paths_number(p, &one);
	n_two = paths_number(p, &two);
	assert_true(n_one && n_two && n_one != n_two);
	assert_string_equal(paths_text(p, n_one), "vlan 10");
	assert_string_equal(paths_text(p, n_two), "vlan 10 / vxlan 7 192.0.2.1 > 192.0.2.2");
	assert_int_equal(paths_number(p, &one), n_one);
	two.steps[1].dst.b[3] = 3;
	assert_int_not_equal(paths_number(p, &two), n_two);
	/* more steps than are kept */
	for (i = 0; i < PATH_STEPS_MAX + 3; i++)
		path_add(&more, &(struct path_step){ .kind = PATH_MPLS, .has_id = true, .id = 3 });
	assert_string_equal(paths_text(p, paths_number(p, &more)), path_format(&more, text, sizeof(text)));
	paths_free(p);
	paths_free(NULL);
}

/* As many as there can be, each its own number; those that come later share one. */
static void many_paths(void **state)
{
	struct paths *p = paths_new(6);
	static bool given[PATHS_MAX + 2];
	struct path path;
	uint32_t i;
	uint16_t n;

	for (i = 0; i < PATHS_MAX; i++) {
		path = path_of(i % 4096, i / 4096 * 3);
		n = paths_number(p, &path);
		assert_in_range(n, 1, PATHS_MAX);
		assert_false(given[n]);
		given[n] = true;
	}
	path = path_of(1, 99);
	assert_int_equal(paths_number(p, &path), PATHS_MANY);
	assert_string_equal(paths_text(p, PATHS_MANY), "(one of too many encapsulations)");
	for (i = 0; i < PATHS_MAX; i += 1000) {
		path = path_of(i % 4096, i / 4096 * 3);
		assert_in_range(paths_number(p, &path), 1, PATHS_MAX);
	}
	paths_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_types), cmocka_unit_test(every_link_type), cmocka_unit_test(meaning),
		cmocka_unit_test(cut),	      cmocka_unit_test(wrong_ones),	 cmocka_unit_test(names),
		cmocka_unit_test(never),      cmocka_unit_test(sometimes),	 cmocka_unit_test(paths),
		cmocka_unit_test(many_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
