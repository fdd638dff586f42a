/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/walk_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/guarded.h"
#include "tests/unit/random.h"

struct found {
	const uint8_t *record, *next;
	enum packet_sort sort;
	bool empty;
	uint32_t class; /* of a TCP segment */
	uint64_t time;
};

struct helper *helper;

static uint64_t *entries;
static uint8_t *memory_end;
static struct found *truth;
static size_t n_truth;
/* The bits that a walk is given, and those that it is to leave there. */
static uint64_t wanted[FLOW_CLASSES / 64], wanted_then[FLOW_CLASSES / 64];

int set_up(void **state)
{
	entries = malloc(WALK_LISTS * WALK_LIST_MAX * sizeof(*entries));
	truth = malloc(STREAM_MAX / 16 * sizeof(*truth));
	memory_end = guarded_end(STREAM_MAX);
	helper = helper_new();
	if (!helper)
		print_message("without a helper: one processor\n");
	return entries && truth && memory_end ? 0 : -1;
}

int tear_down(void **state)
{
	helper_free(helper);
	free(entries);
	free(truth);
	return 0;
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

const uint8_t *place(struct stream *st)
{
	uint8_t *from = memory_end - st->b.len;

	assert_true(st->b.len <= STREAM_MAX);
	memmove(from, buf_text(&st->b), st->b.len);
	st->how.end = memory_end;
	find_truth(&st->how, from);
	return from;
}

void set_lists(struct walk *w)
{
	int k;

	for (k = 0; k < WALK_LISTS; k++)
		w->lists[k].entries = entries + (size_t)k * WALK_LIST_MAX;
}

size_t whole_len(const uint8_t *begin)
{
	return (size_t)(truth_end(begin) - begin);
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

void check_stream(const struct walk *how, const uint8_t *from, int n_cursors, struct helper *by, size_t window,
		  uint64_t *random)
{
	struct walk w = *how;
	const uint8_t *begin = from;
	size_t i = 0, left;

	set_lists(&w);
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

void check_cursors(const struct walk *how, const uint8_t *from, size_t window, uint64_t *random)
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

void check_all(struct stream *st, uint64_t *random)
{
	static const size_t windows[] = { 1, 100, 5000, 70000, STREAM_MAX };
	const uint8_t *from = place(st);
	size_t i;

	for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
		check_cursors(&st->how, from, windows[i], random);
}
