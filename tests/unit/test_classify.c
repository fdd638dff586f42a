/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first look at a packet, and the quick way to a sighting, say what decode_cut_frame() says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "guarded.h"
#include "made.h"
#include "random.h"
#include "tests/fuzz/frame_case.h"
#include "tests/fuzz/sight_rules.h"

#define FRAME_MAX 4096
#define N_MUTATED 120 /* of each frame, of each kind of mutation */

static const int linktypes[] = { LINK_ETHERNET, LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_RAW,
				 LINK_RAW_LIVE, LINK_IPV4,	LINK_IPV6,	 LINK_NULL };
#define N_LINKTYPES (sizeof(linktypes) / sizeof(linktypes[0]))

static struct paths *paths;
static uint8_t *end; /* of FRAME_MAX bytes */
static unsigned long n_checked, n_sorted[SORT_LOOK + 1];

static void check(int linktype, struct bytes frame, uint32_t on_wire)
{
	uint8_t *at = end - frame.len;
	const char *wrong;
	uint32_t class;
	size_t i;

	memmove(at, frame.p, frame.len);
	n_checked++;
	n_sorted[classify(link_layout_of(linktype), at, (uint32_t)frame.len, &class)]++;
	wrong = sight_wrong(linktype, bytes_of(at, frame.len), on_wire, paths);
	if (!wrong)
		return;
	print_error("link type %d, %u bytes on the wire:", linktype, on_wire);
	for (i = 0; i < frame.len; i++)
		print_error(" %02x", at[i]);
	fail_msg("does not hold: %s", wrong);
}

/* Cut at every length, and with bytes behind it as Ethernet pads a frame. */
static void check_lengths(int linktype, struct bytes frame)
{
	uint8_t padded[FRAME_MAX] = { 0 };
	size_t len;

	for (len = 0; len <= frame.len; len++) {
		check(linktype, bytes_of(frame.p, len), (uint32_t)frame.len);
		check(linktype, bytes_of(frame.p, len), (uint32_t)len);
	}
	memcpy(padded, frame.p, frame.len);
	for (len = 1; len < 12; len++)
		check(linktype, bytes_of(padded, frame.len + len), (uint32_t)(frame.len + len));
}

static void check_bits(int linktype, struct bytes frame)
{
	uint8_t changed[FRAME_MAX];
	size_t bit;

	memcpy(changed, frame.p, frame.len);
	for (bit = 0; bit < frame.len * 8; bit++) {
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		check(linktype, bytes_of(changed, frame.len), (uint32_t)frame.len);
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* Bytes that mean something where they come to stand. */
static void change(uint8_t *p, size_t len, uint64_t *random)
{
	static const uint16_t telling[] = { 0,	    1,	    5,	    19,	    20,	    21,	    39,	    40,	    0x0045,
					    0x0046, 0x0060, 0x0800, 0x86dd, 0x8100, 0x88a8, 0x0806, 0x0004, 0x2000,
					    0x4000, 0x1fff, 4789,   4790,   8472,   6081,   2152,   0xffff, 0x5002,
					    0x5004, 0xf010, 0x4010, 0x0006, 0x0011, 0x003a, 0x002b, 0x002c, 0x003c };
	size_t at = random_below(random, (uint32_t)len);
	uint16_t v = telling[random_below(random, sizeof(telling) / sizeof(telling[0]))];

	switch (random_below(random, 4)) {
	case 0:
		p[at] ^= (uint8_t)(1 << random_below(random, 8));
		break;
	case 1:
		p[at] = (uint8_t)random_u64(random);
		break;
	default:
		p[at] = (uint8_t)v;
		if (at)
			p[at - 1] = (uint8_t)(v >> 8);
	}
}

static void check_mutated(int linktype, struct bytes frame, uint64_t *random)
{
	uint8_t changed[FRAME_MAX];
	uint32_t n, beyond;
	size_t len;
	int i;

	for (i = 0; i < N_MUTATED && frame.len; i++) {
		memcpy(changed, frame.p, frame.len);
		for (n = 1 + random_below(random, 3); n; n--)
			change(changed, frame.len < 80 ? frame.len : 80, random);
		len = random_once_in(random, 3) ? random_below(random, (uint32_t)frame.len + 1) : frame.len;
		beyond = random_once_in(random, 4) ? random_below(random, 70000) : 0;
		check(linktype, bytes_of(changed, len), (uint32_t)frame.len + beyond);
	}
}

static struct made_frame any_frame(int linktype, uint64_t *random)
{
	static const uint8_t protocols[] = { 6, 6, 6, 6, 17, 1, 58, 47, 132, 4, 41, 0, 43, 44, 51, 60, 2, 255 };
	static const uint16_t ports[] = { 80, 443, 4789, 4790, 8472, 6081, 2152, 53, 0, 65535 };
	static const uint16_t flags[] = { 0x10, 0x18, 0x02, 0x12, 0x14, 0x04, 0x11, 0x00, 0x1ff };
	bool tagged = linktype == LINK_ETHERNET || linktype == LINK_LINUX_SLL || linktype == LINK_LINUX_SLL2;
	struct made_frame f = { .linktype = linktype,
				.vlans = tagged ? (int)random_below(random, 4) : 0,
				.version = random_once_in(random, 12) && tagged ? 0
					   : random_once_in(random, 2)		? 4
										: 6,
				.protocol = protocols[random_below(random, sizeof(protocols))],
				.host_src = (uint8_t)random_u64(random),
				.host_dst = (uint8_t)random_u64(random),
				.sport = ports[random_below(random, 10)],
				.dport = ports[random_below(random, 10)],
				.seq = (uint32_t)random_u64(random),
				.ack = (uint32_t)random_u64(random),
				.flags = flags[random_below(random, 9)],
				.timestamps = random_once_in(random, 2),
				.payload = random_below(random, 30) };

	return f;
}

static void made_ones(void **state)
{
	uint64_t random = 1;
	struct buf b = { 0 };
	struct made_frame f;
	int i;

	for (i = 0; i < 16000; i++) {
		f = any_frame(linktypes[(unsigned int)i % N_LINKTYPES], &random);
		buf_reset(&b);
		made_frame(&b, &f);
		check(f.linktype, made_bytes(&b), (uint32_t)b.len);
		if (i < 1000)
			check_lengths(f.linktype, made_bytes(&b));
		if (i < 400)
			check_bits(f.linktype, made_bytes(&b));
		check_mutated(f.linktype, made_bytes(&b), &random);
	}
	buf_fini(&b);
	assert_true(n_sorted[SORT_TCP] > 50000 && n_sorted[SORT_OTHER] > 50000);
}

/* Timestamps at every place, that end before, at and behind the header's end. */
static void options(void **state)
{
	const struct made_frame f = {
		.linktype = LINK_RAW, .version = 4, .protocol = 6, .sport = 1, .dport = 80, .flags = 2, .payload = 60
	};
	struct buf b = { 0 };
	uint8_t *l4;
	int words, at, len;

	made_frame(&b, &f);
	l4 = (uint8_t *)b.data + 20;
	for (words = 5; words < 16; words++) {
		for (at = 0; at < 40; at++) {
			for (len = 9; len < 12; len++) {
				l4[12] = (uint8_t)(words << 4);
				memset(l4 + 20, 1, 60);
				memcpy(l4 + 20 + at, (uint8_t[]){ 8, (uint8_t)len, 1, 2, 3, 4 }, 6);
				check(f.linktype, made_bytes(&b), (uint32_t)b.len);
			}
		}
	}
	buf_fini(&b);
}

static void read_case(const char *name, struct buf *to)
{
	char path[4096], some[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", CORPUS_DIR, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	buf_reset(to);
	while ((n = fread(some, 1, sizeof(some), f)))
		buf_add(to, some, n);
	fclose(f);
	assert_true(to->len < FRAME_MAX - 16);
}

static void those_of_the_corpus(void **state)
{
	DIR *d = opendir(CORPUS_DIR);
	uint64_t random = 2;
	struct buf b = { 0 };
	struct frame_case c = { 0 };
	struct dirent *entry;
	int n = 0;
	size_t i;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		read_case(entry->d_name, &b);
		assert_true(frame_case_read(made_bytes(&b), &c));
		check(c.linktype, c.frame, (uint32_t)c.frame.len + c.cut);
		check_lengths(c.linktype, c.frame);
		check_mutated(c.linktype, c.frame, &random);
		for (i = 0; i < N_LINKTYPES; i++)
			check_mutated(linktypes[i], c.frame, &random);
		n++;
	}
	closedir(d);
	buf_fini(&b);
	assert_true(n > 200);
}

static void result(const char *what, struct made_frame f, enum packet_sort sort)
{
	struct buf b = { 0 };
	uint32_t class = 0;
	enum packet_sort is;

	made_frame(&b, &f);
	is = classify(link_layout_of(f.linktype), made_bytes(&b).p, (uint32_t)b.len, &class);
	if (is != sort)
		fail_msg("%s: sort %d", what, (int)is);
	buf_fini(&b);
}

/* That it decides at all: a look at everything would agree too. */
static void the_plainest(void **state)
{
	const struct made_frame ack = {
		.linktype = LINK_ETHERNET, .version = 4, .protocol = 6, .sport = 1, .dport = 80, .flags = 0x10
	};
	struct made_frame f;
	size_t i;

	for (i = 0; i < 7; i++) {
		f = ack;
		f.linktype = linktypes[i];
		result("an ACK in IPv4", f, SORT_TCP);
		f.flags = 0x12;
		result("a SYN-ACK in IPv4", f, SORT_SYN);
		f.flags = 0x14;
		f.version = 6;
		result("an RST in IPv6", f, SORT_SYN);
		f.flags = 0x11;
		result("a FIN in IPv6", f, SORT_TCP);
		f.protocol = 17;
		f.payload = 20;
		result("UDP in IPv6", f, SORT_OTHER);
		f.dport = 4789;
		result("VXLAN", f, SORT_LOOK);
	}
	f = ack;
	f.vlans = 2;
	result("an ACK under two tags", f, SORT_TCP);
	f.vlans = 3;
	result("an ACK under three tags", f, SORT_LOOK);
	f.version = 0;
	f.vlans = 1;
	result("ARP", f, SORT_OTHER);
	f = ack;
	f.linktype = LINK_NULL;
	result("an ACK of another link type", f, SORT_LOOK);
}

static uint32_t mark_of(struct made_frame f, int byte)
{
	struct buf b = { 0 };
	struct sighting s;

	made_frame(&b, &f);
	if (byte >= 0)
		b.data[byte] ^= 1;
	assert_int_equal(sight(f.linktype, made_bytes(&b), (uint32_t)b.len, SIGHT_SEED, paths, &s), DECODE_OK);
	buf_fini(&b);
	return s.mark;
}

/* Two captures of one packet have the same mark; its retransmission, with another IP ID or TSval, has another. */
static void marks(void **state)
{
	struct made_frame f = { .linktype = LINK_ETHERNET,
				.version = 4,
				.protocol = 6,
				.sport = 1,
				.dport = 80,
				.flags = 2,
				.timestamps = true };
	uint32_t mark = mark_of(f, -1);

	assert_int_not_equal(mark, mark_of(f, 14 + 5));		  /* IP ID */
	assert_int_not_equal(mark, mark_of(f, 14 + 20 + 20 + 7)); /* TSval */
	assert_int_equal(mark, mark_of(f, 14 + 8));		  /* TTL */
	assert_int_equal(mark, mark_of(f, 3));			  /* a link's address */
	f.vlans = 1;
	assert_int_equal(mark, mark_of(f, -1));
	f.linktype = LINK_NULL;
	f.vlans = 0;
	assert_int_equal(mark, mark_of(f, -1));
	f.version = 6;
	mark = mark_of(f, -1);
	assert_int_not_equal(mark, mark_of(f, 4 + 3)); /* flow label */
}

static int set_up(void **state)
{
	end = guarded_end(FRAME_MAX);
	paths = paths_new(3);
	return end && paths ? 0 : -1;
}

static int tear_down(void **state)
{
	paths_free(paths);
	print_message("%lu frames: %lu TCP, %lu other; %lu SYN or RST, %lu ICMP, %lu others to be looked at\n",
		      n_checked, n_sorted[SORT_TCP], n_sorted[SORT_OTHER], n_sorted[SORT_SYN], n_sorted[SORT_ICMP],
		      n_sorted[SORT_LOOK]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plainest),	       cmocka_unit_test(marks),	    cmocka_unit_test(options),
		cmocka_unit_test(those_of_the_corpus), cmocka_unit_test(made_ones),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
