/* SPDX-License-Identifier: GPL-2.0-or-later */
/* However many cursors walk a window, and wherever it ends, they find what a reader of one record after the other
 * finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/random.h"
#include "tests/unit/walk_check.h"

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
				const uint8_t *from;

				/* one packet from 0 to the end of the window, and fakes in it from each part's begin */
				made_zeros(&in.b, part + (size_t)shift - (form % 2 ? 28 : st.how.header_len));
				for (at = in.b.len; in.b.len < at + 4 * part;)
					add_record(&in, small, 0, &random);
				add_record(&st, made_bytes(&in.b), 0, &random);
				add_some(&st, 30, &random);
				from = place(&st);
				check_stream(&st.how, from, n, NULL, part * (size_t)n, &random);
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
			const uint8_t *from;

			for (i = 0; i < 2 * WALK_LIST_MAX + 1000; i++)
				add_record(&st, frame, kind ? 1 : 0, &random);
			from = place(&st);
			check_cursors(&st.how, from, STREAM_MAX, &random);
			buf_fini(&st.b);
		}
	}
}

/* In what captures are made of the guesses are right, and every cursor's work counts. */
static void guesses_are_right(void **state)
{
	uint64_t random = 8;
	const uint8_t *from;
	struct stream st;
	struct walk w;
	int i, k, good = 0;

	for (i = 0; i < 48; i++) {
		st = any_stream(i, &random);
		for (k = 0; k < 2000; k++)
			add_frame(&st, &random);
		from = place(&st);
		w = st.how;
		set_lists(&w);
		w.n_cursors = WALK_CURSORS;
		w.base = w.from = from;
		w.to = w.end;
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
	assert_int_equal(whole_len(st->how.end - st->b.len), good);
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
