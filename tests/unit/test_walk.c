/* SPDX-License-Identifier: GPL-2.0-or-later */
/* However many cursors walk a window, and wherever it ends, they find what a reader of one record after the other
 * finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "guarded.h"
#include "made.h"
#include "random.h"
#include "sources/walk.h"

#define STREAM_MAX (8u << 20)
#define N_INTERFACES 3

/* A form of records, and a stream of them. */
struct stream {
	struct walk how; /* its form */
	struct made_pcap pcap;
	struct buf b;
	uint32_t s; /* time of the next record */
};

struct found {
	const uint8_t *record, *next;
	enum packet_sort sort;
	bool empty;
	uint32_t class; /* of a TCP segment */
	uint64_t time;
};

static uint64_t *entries;
static struct helper *helper;
static uint8_t *memory_end;
static struct found *truth;
static size_t n_truth;
/* The bits that a walk is given, and those that it is to leave there. */
static uint64_t wanted[FLOW_CLASSES / 64], wanted_then[FLOW_CLASSES / 64];

static struct stream pcap_stream(uint32_t magic, bool swapped, enum link_layout layout)
{
	return (struct stream){ .how = { .form = WALK_PCAP,
					 .swapped = swapped,
					 .header_len = magic == 0xa1b2cd34u ? 24 : 16,
					 .second_parts = magic == 0xa1b23c4du ? 1000000000 : 1000000,
					 .layout = layout },
				.pcap = { .swapped = swapped, .magic = magic },
				.s = 1700000000 };
}

static struct stream pcapng_stream(bool swapped, enum link_layout layout)
{
	return (struct stream){
		.how = { .form = WALK_PCAPNG, .swapped = swapped, .layout = layout, .n_interfaces = N_INTERFACES },
		.s = 1700000000
	};
}

static void add_record(struct stream *st, struct bytes frame, uint32_t cut, uint64_t *random)
{
	struct made_time t = { st->s, random_below(random, st->how.second_parts ? st->how.second_parts : 1) };
	struct buf options = { 0 };
	size_t at = st->b.len;

	st->s += random_once_in(random, 3);
	if (random_once_in(random, 50))
		st->s -= random_below(random, 100);
	if (st->how.form == WALK_PCAP) {
		made_pcap_record(&st->b, &st->pcap, t, frame, cut);
		return;
	}
	if (random_once_in(random, 6))
		made_option(&options, st->how.swapped, 1, bytes_of("remark", random_below(random, 7)));
	made_epb(&st->b, st->how.swapped, random_below(random, N_INTERFACES), (uint64_t)t.s * 1000000 + t.parts, frame,
		 made_bytes(&options));
	if (cut) { /* the length on the wire, after that captured */
		struct buf len = { 0 };

		made_u32(&len, st->how.swapped, (uint32_t)frame.len + cut);
		memcpy(st->b.data + at + 24, len.data, 4);
		buf_fini(&len);
	}
	buf_fini(&options);
}

static int linktype_of(enum link_layout layout)
{
	static const int of[LAYOUT_N] = { LINK_NULL, LINK_ETHERNET, LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_RAW };

	return of[layout];
}

static void add_frame(struct stream *st, uint64_t *random)
{
	static const uint16_t flags[] = { 0x10, 0x10, 0x18, 0x02, 0x12, 0x14 };
	struct made_frame f = { .linktype = linktype_of(st->how.layout),
				.version = random_once_in(random, 2) ? 4 : 6,
				.protocol = random_once_in(random, 4) ? 17 : 6,
				.host_src = (uint8_t)random_u64(random),
				.sport = (uint16_t)random_u64(random),
				.dport = 80,
				.flags = flags[random_below(random, 6)],
				.payload = random_below(random, 200) };
	struct buf b = { 0 };
	uint32_t keep;

	made_frame(&b, &f);
	keep = random_once_in(random, 8) ? random_below(random, (uint32_t)b.len) : (uint32_t)b.len;
	add_record(st, bytes_of(b.data, keep), (uint32_t)b.len - keep, random);
	buf_fini(&b);
}

/* A payload that is a capture itself, behind a few bytes, and maybe cut. */
static void add_nested(struct stream *st, int n, uint64_t *random)
{
	struct stream in = *st;
	uint32_t len, lead;

	in.b = (struct buf){ 0 };
	lead = random_below(random, 60);
	made_zeros(&in.b, st->how.form == WALK_PCAPNG ? lead / 4 * 4 : lead);
	while (n-- && in.b.len < WALK_CAPLEN_MAX / 2)
		add_frame(&in, random);
	len = (uint32_t)in.b.len - (random_once_in(random, 2) ? random_below(random, 40) : 0);
	add_record(st, bytes_of(in.b.data, len), random_once_in(random, 2) ? 0 : 5, random);
	buf_fini(&in.b);
}

static void add_some(struct stream *st, int n, uint64_t *random)
{
	static const uint8_t zeros[100];

	while (n--) {
		switch (random_below(random, 30)) {
		case 0:
			add_nested(st, 1 + (int)random_below(random, 60), random);
			break;
		case 1:
			add_record(st, bytes_of(zeros, random_below(random, 100)), random_below(random, 3), random);
			break;
		case 2:
			add_record(st, bytes_of(zeros, 0), random_below(random, 2), random);
			break;
		case 3: /* of no byte at all, it says, and yet some were captured */
			add_record(st, bytes_of(zeros, 9), (uint32_t)-9, random);
			break;
		default:
			add_frame(st, random);
		}
	}
}

/* The reader of one record after the other. */
static uint32_t at32(const struct walk *w, const uint8_t *p)
{
	struct bytes b = bytes_of(p, 4);
	uint32_t v = 0;

	bytes_u32(&b, w->swapped, &v);
	return v;
}

static bool read_one(const struct walk *w, const uint8_t *p, const uint8_t *end, struct found *ret)
{
	const bool ng = w->form == WALK_PCAPNG;
	size_t left = (size_t)(end - p), head = ng ? 28 : w->header_len, total;
	uint32_t caplen, on_wire;
	bool options = false;

	if (left < head + (ng ? 4 : 0) || (ng && at32(w, p) != 6))
		return false;
	caplen = at32(w, p + (ng ? 20 : 8));
	on_wire = at32(w, p + (ng ? 24 : 12));
	if (caplen > WALK_CAPLEN_MAX)
		return false;
	total = head + caplen;
	if (ng) {
		total = at32(w, p + 4);
		if (total % 4 || total > left || total < 32 || (size_t)caplen + (-caplen & 3) + 32 > total ||
		    at32(w, p + 8) >= w->n_interfaces || at32(w, p + total - 4) != total)
			return false;
		options = total > (size_t)caplen + (-caplen & 3) + 32;
	} else if (total > left) {
		return false;
	}
	ret->record = p;
	ret->next = p + total;
	ret->time = (uint64_t)at32(w, p + (ng ? 12 : 0)) << 32 | at32(w, p + (ng ? 16 : 4));
	ret->sort = options ? SORT_LOOK : classify(w->layout, p + head, caplen, &ret->class);
	ret->empty = w->layout != LAYOUT_OTHER && !options && !caplen && !on_wire;
	return true;
}

static void find_truth(const struct walk *w, const uint8_t *from)
{
	n_truth = 0;
	while (read_one(w, from, w->end, &truth[n_truth]))
		from = truth[n_truth++].next;
}

/* The place behind which nothing is a record any more. */
static const uint8_t *truth_end(const uint8_t *begin)
{
	return n_truth ? truth[n_truth - 1].next : begin;
}

static void assert_entry(const struct walk *w, const struct found *f, uint64_t entry, uint32_t ordinal)
{
	assert_int_equal(entry >> 32, f->record - w->base);
	if (f->sort == SORT_TCP)
		assert_int_equal((uint32_t)entry, f->class);
	else
		assert_int_equal((uint32_t)entry, WALK_LOOK | ordinal);
}

/* A segment without SYN and RST, whose class nobody asked for, and no packet before it. */
static bool is_passed_over(const struct walk *w, const struct found *f)
{
	uint64_t *word, bit;

	if (!w->wanted)
		return false;
	if (f->sort == SORT_LOOK)
		memset(wanted_then, 0xff, sizeof(wanted_then));
	/* only these have a class */
	if (f->sort != SORT_SYN && f->sort != SORT_TCP)
		return false;
	word = &wanted_then[f->class / 64];
	bit = UINT64_C(1) << f->class % 64;
	if (f->sort == SORT_SYN)
		*word |= bit;
	return f->sort == SORT_TCP && !(*word & bit);
}

/* What one list has is what is there from truth[i] on; returns where it ends. */
static size_t check_list(const struct walk *w, const struct walk_list *l, size_t i)
{
	uint32_t n = 0, tcp = 0, other = 0, empty = 0, k;

	for (k = 0; k < l->packets; k++, i++) {
		assert_true(i < n_truth);
		if (truth[i].empty) {
			empty++;
			continue;
		}
		tcp += truth[i].sort == SORT_TCP;
		other += truth[i].sort == SORT_OTHER;
		if (truth[i].sort == SORT_OTHER || is_passed_over(w, &truth[i]))
			continue;
		assert_true(n < l->n);
		assert_entry(w, &truth[i], l->entries[n++], k);
	}
	assert_int_equal(l->n, n);
	assert_int_equal(l->tcp, tcp);
	assert_int_equal(l->other, other);
	assert_int_equal(l->empty, empty);
	return i;
}

/* Checks one walk that began at truth[i]; returns where it ended. */
static size_t check_walk(const struct walk *w, bool guessed, size_t i, const uint8_t *begin)
{
	uint64_t time_max = 0;
	size_t first = i;
	bool full = false;
	int k;

	for (k = 0; k < w->n_lists; k++) {
		i = check_list(w, &w->lists[k], i);
		full |= w->lists[k].n == WALK_LIST_MAX;
	}
	assert_ptr_equal(w->landed, i < n_truth ? truth[i].record : truth_end(begin));
	if (i)
		assert_true(truth[i - 1].record < w->to);
	/* it went as far as it was to go; where a guess was wrong, at least on */
	if (!full && i < n_truth)
		assert_true(w->landed >= (guessed ? w->from + 1 : w->to));
	for (; first < i; first++)
		time_max = truth[first].time > time_max ? truth[first].time : time_max;
	assert_int_equal(w->time_max, time_max);
	/* a block that is taken back may have added some */
	for (k = 0; w->wanted && k < (int)(FLOW_CLASSES / 64); k++)
		assert_true((wanted[k] & wanted_then[k]) == wanted_then[k]);
	if (w->wanted && w->form == WALK_PCAP)
		assert_memory_equal(wanted, wanted_then, sizeof(wanted));
	return i;
}

/* All classes, none, or some. */
static void want_some(uint64_t *random)
{
	size_t i;

	switch (random_below(random, 4)) {
	case 0:
		memset(wanted, 0xff, sizeof(wanted));
		break;
	case 1:
		memset(wanted, 0, sizeof(wanted));
		break;
	default:
		for (i = 0; i < FLOW_CLASSES / 64; i++)
			wanted[i] = random_u64(random);
	}
	memcpy(wanted_then, wanted, sizeof(wanted));
}

/* Walks all of it in windows of up to `window` bytes, each anything up to that. */
static void check_stream(const struct walk *how, const uint8_t *from, int n_cursors, struct helper *by, size_t window,
			 uint64_t *random)
{
	struct walk w = *how;
	const uint8_t *begin = from;
	size_t i = 0, left;
	int k;

	for (k = 0; k < WALK_LISTS; k++)
		w.lists[k].entries = entries + (size_t)k * WALK_LIST_MAX;
	w.n_cursors = n_cursors;
	w.landed = from;
	do {
		from = w.landed;
		left = (size_t)(w.end - from);
		w.base = from - random_below(random, (uint32_t)(from - begin) + 1);
		w.from = from;
		w.to = from + (window < left ? window : left);
		if (w.to - from > 1 && random_once_in(random, 2))
			w.to -= random_below(random, (uint32_t)(w.to - from) - 1);
		if (w.wanted)
			want_some(random);
		walk(&w, by);
		assert_in_range(w.n_lists, 1, by ? 2 * w.n_cursors : w.n_cursors);
		i = check_walk(&w, by || w.n_cursors > 1, i, begin);
	} while (w.landed > from && w.landed < w.end);
	assert_int_equal(i, n_truth);
}

/* By one cursor up to all, with a helper and without, and by one that is told what is wanted. */
static void check_cursors(const struct walk *how, const uint8_t *from, size_t window, uint64_t *random)
{
	struct walk some = *how;
	int n;

	for (n = 1; n <= WALK_CURSORS; n++) {
		check_stream(how, from, n, NULL, window, random);
		if (helper)
			check_stream(how, from, n, helper, window, random);
	}
	some.wanted = wanted;
	check_stream(&some, from, 1, NULL, window, random);
}

/* Puts the bytes where reading behind them is seen, and walks them in all ways. */
static void check_all(struct stream *st, uint64_t *random)
{
	static const size_t windows[] = { 1, 100, 5000, 70000, STREAM_MAX };
	const uint8_t *from = memory_end - st->b.len;
	size_t i;

	assert_true(st->b.len <= STREAM_MAX);
	memmove(memory_end - st->b.len, buf_text(&st->b), st->b.len);
	st->how.end = memory_end;
	find_truth(&st->how, from);
	for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
		check_cursors(&st->how, from, windows[i], random);
}

static struct stream any_stream(int i, uint64_t *random)
{
	static const uint32_t magics[] = { 0xa1b2c3d4u, 0xa1b23c4du, 0xa1b2cd34u };
	enum link_layout layout =
		random_once_in(random, 2) ? LAYOUT_ETHERNET : (enum link_layout)random_below(random, LAYOUT_N);

	if (i % 2)
		return pcapng_stream(i / 2 % 2, layout);
	return pcap_stream(magics[i / 2 % 3], i / 6 % 2, layout);
}

static void any_records(void **state)
{
	uint64_t random = 1;
	struct stream st;
	int i;

	for (i = 0; i < 60; i++) {
		st = any_stream(i, &random);
		add_some(&st, 10 + (int)random_below(&random, 400), &random);
		check_all(&st, &random);
		buf_fini(&st.b);
	}
}

/* Bytes changed, and cut anywhere: it ends there, with all that came before. */
static void damaged_records(void **state)
{
	uint64_t random = 2;
	struct stream st;
	int i, n;

	for (i = 0; i < 120; i++) {
		st = any_stream(i, &random);
		add_some(&st, 5 + (int)random_below(&random, 100), &random);
		st.b.len -= random_below(&random, 100);
		for (n = (int)random_below(&random, 4); n; n--)
			st.b.data[random_below(&random, (uint32_t)st.b.len)] ^= (char)(1 << random_below(&random, 8));
		check_all(&st, &random);
		buf_fini(&st.b);
	}
}

static void every_cut(void **state)
{
	uint64_t random = 3;
	struct stream st;
	size_t len;
	int i;

	for (i = 0; i < 12; i++) {
		st = any_stream(i, &random);
		add_some(&st, 4, &random);
		if (st.b.len > 600)
			st.b.len = 600;
		for (len = st.b.len; len; len--) {
			st.b.len = len;
			check_all(&st, &random);
		}
		buf_fini(&st.b);
	}
}

/* A packet that holds a chain of records, which begins exactly where a cursor is put. */
static void fake_where_it_is_guessed(void **state)
{
	const struct bytes small = bytes_of("0123456789abcdefghijklmn", 24);
	uint64_t random = 4;
	int form, n, shift;

	for (form = 0; form < 4; form++) {
		for (n = 2; n <= WALK_CURSORS; n++) {
			for (shift = -8; shift <= 8; shift += 4) {
				struct stream st = any_stream(form, &random), in = st;
				size_t part = 4096, at;

				/* one packet from 0 to the end of the window, and fakes in it from each part's begin */
				made_zeros(&in.b, part + (size_t)shift - (form % 2 ? 28 : st.how.header_len));
				for (at = in.b.len; in.b.len < at + 4 * part;)
					add_record(&in, small, 0, &random);
				add_record(&st, made_bytes(&in.b), 0, &random);
				add_some(&st, 30, &random);
				memmove(memory_end - st.b.len, st.b.data, st.b.len);
				st.how.end = memory_end;
				find_truth(&st.how, memory_end - st.b.len);
				check_stream(&st.how, memory_end - st.b.len, n, NULL, part * (size_t)n, &random);
				buf_fini(&in.b);
				buf_fini(&st.b);
			}
		}
	}
}

/* More records than lists hold, of the shortest kind. */
static void lists_that_fill(void **state)
{
	uint64_t random = 5;
	int form, kind, i;

	for (form = 0; form < 4; form++) {
		for (kind = 0; kind < 3; kind++) {
			struct stream st = form % 2 ? pcapng_stream(form / 2, LAYOUT_ETHERNET)
						    : pcap_stream(0xa1b2c3d4u, form / 2, LAYOUT_ETHERNET);
			struct bytes frame = bytes_of("0123456789abcdef", kind == 2 ? 15 : 0);

			for (i = 0; i < 2 * WALK_LIST_MAX + 1000; i++)
				add_record(&st, frame, kind ? 1 : 0, &random);
			memmove(memory_end - st.b.len, st.b.data, st.b.len);
			st.how.end = memory_end;
			find_truth(&st.how, memory_end - st.b.len);
			check_cursors(&st.how, memory_end - st.b.len, STREAM_MAX, &random);
			buf_fini(&st.b);
		}
	}
}

/* In what captures are made of the guesses are right, and every cursor's work counts. */
static void guesses_are_right(void **state)
{
	uint64_t random = 8;
	struct stream st;
	struct walk w;
	int i, k, good = 0;

	for (i = 0; i < 48; i++) {
		st = any_stream(i, &random);
		for (k = 0; k < 2000; k++)
			add_frame(&st, &random);
		memmove(memory_end - st.b.len, st.b.data, st.b.len);
		w = st.how;
		for (k = 0; k < WALK_LISTS; k++)
			w.lists[k].entries = entries + (size_t)k * WALK_LIST_MAX;
		w.n_cursors = WALK_CURSORS;
		w.base = w.from = memory_end - st.b.len;
		w.to = w.end = memory_end;
		walk(&w, helper);
		good += w.n_lists == (helper ? WALK_LISTS : WALK_CURSORS) && w.landed == w.end;
		buf_fini(&st.b);
	}
	assert_true(good >= 46); /* what is cut below 14 bytes can hide one */
}

static void expect_end(struct stream *st, size_t good)
{
	uint64_t random = 6;

	check_all(st, &random);
	assert_int_equal(n_truth ? truth[n_truth - 1].next - (memory_end - st->b.len) : 0, good);
	buf_fini(&st->b);
}

static void end_by_length(bool swapped, uint32_t total, uint32_t on_wire, uint32_t trailer)
{
	struct stream st = pcapng_stream(swapped, LAYOUT_ETHERNET);
	size_t good;

	made_epb(&st.b, swapped, 0, 1, bytes_of("0123456789abcdef", 16), bytes_of("", 0));
	good = st.b.len;
	made_u32(&st.b, swapped, 6);
	made_u32(&st.b, swapped, total);
	made_zeros(&st.b, 16);
	made_u32(&st.b, swapped, on_wire);
	made_u32(&st.b, swapped, trailer);
	made_zeros(&st.b, 100);
	expect_end(&st, good);
}

/* What ends a walk: the header says what cannot be. */
static void what_ends_it(void **state)
{
	const struct bytes frame = bytes_of("0123456789abcdef", 16);
	static const uint8_t large[WALK_CAPLEN_MAX + 4];
	uint64_t random = 6;
	struct stream st = pcap_stream(0xa1b2c3d4u, false, LAYOUT_ETHERNET);
	size_t good;

	add_record(&st, bytes_of(large, WALK_CAPLEN_MAX), 0, &random);
	good = st.b.len;
	add_record(&st, bytes_of(large, WALK_CAPLEN_MAX + 1), 0, &random);
	expect_end(&st, good);

	st = pcapng_stream(true, LAYOUT_ETHERNET);
	made_epb(&st.b, true, 0, 1, bytes_of(large, WALK_CAPLEN_MAX), bytes_of("", 0));
	good = st.b.len;
	made_epb(&st.b, true, 0, 1, bytes_of(large, WALK_CAPLEN_MAX + 1), bytes_of("", 0));
	expect_end(&st, good);

	st = pcapng_stream(false, LAYOUT_RAW);
	made_epb(&st.b, false, N_INTERFACES - 1, 1, frame, bytes_of("", 0));
	good = st.b.len;
	made_epb(&st.b, false, N_INTERFACES, 1, frame, bytes_of("", 0));
	expect_end(&st, good);

	st = pcapng_stream(false, LAYOUT_RAW);
	made_epb(&st.b, false, 0, 1, frame, bytes_of("", 0));
	good = st.b.len;
	made_old_packet(&st.b, false, 0, 1, frame);
	made_epb(&st.b, false, 0, 1, frame, bytes_of("", 0));
	expect_end(&st, good);

	end_by_length(false, 28, 28, 28); /* the least is 32 */
	end_by_length(true, 28, 28, 28);
	end_by_length(true, 0, 0, 0);
	end_by_length(false, 4, 4, 4);
	end_by_length(false, 33, 0, 0x2100); /* no multiple of four */
	end_by_length(false, 32, 0, 36);
	end_by_length(false, 36, 0, 32);
}

static int set_up(void **state)
{
	entries = malloc(WALK_LISTS * WALK_LIST_MAX * sizeof(*entries));
	truth = malloc(STREAM_MAX / 16 * sizeof(*truth));
	memory_end = guarded_end(STREAM_MAX);
	helper = helper_new();
	if (!helper)
		print_message("without a helper: one processor\n");
	return entries && truth && memory_end ? 0 : -1;
}

static int tear_down(void **state)
{
	helper_free(helper);
	free(entries);
	free(truth);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_records),	   cmocka_unit_test(damaged_records),
		cmocka_unit_test(every_cut),	   cmocka_unit_test(fake_where_it_is_guessed),
		cmocka_unit_test(lists_that_fill), cmocka_unit_test(guesses_are_right),
		cmocka_unit_test(what_ends_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
