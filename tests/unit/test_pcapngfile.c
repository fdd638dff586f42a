/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks of pcapng files, whole and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/pcapng_reading.h"

static void section_of_every_kind(struct reading *r, bool swapped)
{
	struct buf options = { 0 };

	made_section(&r->b, swapped, NO_OPTIONS);
	made_interface(&r->b, swapped, 1, 9, NO_OPTIONS);
	made_epb(&r->b, swapped, 0, UINT64_C(0x123456789a), FRAME, NO_OPTIONS);
	made_interface(&r->b, swapped, 101, 0, option_u8(&options, swapped, 9, 9));
	made_block(&r->b, swapped, UNKNOWN, bytes_of("whatever", 8));
	made_epb(&r->b, swapped, 1, 7, bytes_of("", 0), NO_OPTIONS);
	made_old_packet(&r->b, swapped, 1, UINT64_MAX, FRAME);
	made_simple_packet(&r->b, swapped, 5, bytes_of("12345", 5));
	made_simple_packet(&r->b, swapped, 300, bytes_of("123456789", 9));
	buf_fini(&options);
}

static void take_section_of_every_kind(struct reading *r, bool swapped, uint32_t base)
{
	const struct pcapngfile_interface *i;

	take_kind(r, PCAPNGFILE_SECTION);
	assert_int_equal(pcapngfile_swapped(r->file), swapped);
	assert_int_equal(pcapngfile_interfaces(r->file), 0);
	assert_int_equal(pcapngfile_base(r->file), base);
	assert_int_equal(pcapngfile_linktype(r->file), -1);
	assert_false(pcapngfile_one_time(r->file));
	take_kind(r, PCAPNGFILE_INTERFACE);
	assert_int_equal(pcapngfile_linktype(r->file), 1);
	assert_true(pcapngfile_one_time(r->file));
	take_packet(r, FRAME, 15, 0, UINT64_C(0x123456789a));
	take_kind(r, PCAPNGFILE_INTERFACE);
	assert_int_equal(pcapngfile_interfaces(r->file), 2);
	assert_int_equal(pcapngfile_linktype(r->file), -1);
	assert_false(pcapngfile_one_time(r->file));
	i = pcapngfile_interface(r->file, base, 1);
	assert_int_equal(i->linktype, 101);
	assert_int_equal(i->tsresol, 9);
	assert_int_equal(pcapngfile_interface(r->file, base, 0)->snaplen, 9);
	take_kind(r, PCAPNGFILE_OTHER);
	take_packet(r, bytes_of("", 0), 0, 1, 7);
	take_packet(r, FRAME, 15, 1, UINT64_MAX);
	take_packet(r, bytes_of("12345", 5), 5, 0, 0);
	take_packet(r, bytes_of("123456789", 9), 300, 0, 0);
}

/* Sections of both orders, one after the other. */
static void every_kind(void **state)
{
	struct reading r = reading();
	int i;

	for (i = 0; i < 6; i++)
		section_of_every_kind(&r, i % 3 == 1);
	assert_true(pcapngfile_is(made_bytes(&r.b)));
	for (i = 0; i < 6; i++)
		take_section_of_every_kind(&r, i % 3 == 1, 2 * (uint32_t)i);
	assert_int_equal(r.at, r.b.len);
	assert_int_equal(take(&r), PCAPNGFILE_MORE);
	reading_end(&r);
}

/* Cut anywhere: the same blocks as far as they are whole, then bytes are wanted, and nothing has changed. */
static void every_cut(void **state)
{
	struct reading whole = reading();
	size_t len;

	section_of_every_kind(&whole, true);
	section_of_every_kind(&whole, false);
	for (len = 0; len <= whole.b.len; len++) {
		struct reading cut = reading();
		uint32_t n;

		buf_add(&cut.b, whole.b.data, len);
		while (take(&cut) == PCAPNGFILE_OK)
			;
		assert_int_equal(take(&cut), PCAPNGFILE_MORE);
		n = pcapngfile_interfaces(cut.file);
		assert_int_equal(take(&cut), PCAPNGFILE_MORE);
		assert_int_equal(pcapngfile_interfaces(cut.file), n);
		if (cut.at < len)
			assert_true(len - cut.at < 12 || cut.block.len > len - cut.at);
		/* and goes on when they come */
		buf_add(&cut.b, whole.b.data + len, whole.b.len - len);
		while (take(&cut) == PCAPNGFILE_OK)
			;
		assert_int_equal(cut.at, whole.b.len);
		assert_int_equal(pcapngfile_base(cut.file) + pcapngfile_interfaces(cut.file), 4);
		reading_end(&cut);
	}
	reading_end(&whole);
}

static void next_comment(struct bytes *options, bool swapped, const char *text)
{
	struct bytes comment;

	assert_true(pcapngfile_comment(options, swapped, &comment));
	assert_int_equal(comment.len, strlen(text));
	assert_memory_equal(comment.p, text, comment.len);
}

static void comments(void **state)
{
	struct buf options = { 0 };
	struct bytes left, comment;
	int swapped;

	for (swapped = 0; swapped < 2; swapped++) {
		struct reading r = in_section(swapped);

		buf_reset(&options);
		made_option(&options, swapped, 1, bytes_of("first", 5));
		made_option(&options, swapped, 2, bytes_of("another kind", 12));
		made_option(&options, swapped, 1, bytes_of("", 0));
		made_option(&options, swapped, 1, bytes_of("third", 5));
		made_option(&options, swapped, 0, NO_OPTIONS);
		made_option(&options, swapped, 1, bytes_of("behind the end", 14));
		made_epb(&r.b, swapped, 0, 1, FRAME, made_bytes(&options));
		made_section(&r.b, swapped, made_bytes(&options));
		take_packet(&r, FRAME, 15, 0, 1);
		left = r.block.packet.options;
		next_comment(&left, swapped, "first");
		next_comment(&left, swapped, "");
		next_comment(&left, swapped, "third");
		assert_false(pcapngfile_comment(&left, swapped, &comment));
		take_kind(&r, PCAPNGFILE_SECTION);
		left = r.block.options;
		next_comment(&left, swapped, "first");
		reading_end(&r);
	}
	/* the last one without its padding, and one that is cut */
	left = bytes_of("\1\0\1\0a\0\0\0\1\0\2\0bc", 14);
	next_comment(&left, false, "a");
	next_comment(&left, false, "bc");
	left = bytes_of("\1\0\3\0bc", 6);
	assert_false(pcapngfile_comment(&left, false, &comment));
	left = bytes_of("\1\0", 2);
	assert_false(pcapngfile_comment(&left, false, &comment));
	buf_fini(&options);
}

/* A long block of a kind that nobody looks into is passed over by its begin; whatever more of it is there. */
static void long_blocks(void **state)
{
	const uint32_t len = PCAPNGFILE_BLOCK_MAX + 4, wrong = 12;
	struct reading r = in_section(false);
	struct buf zeros = { 0 };
	size_t at = r.at;

	made_zeros(&zeros, len - 12);
	made_block(&r.b, false, UNKNOWN, made_bytes(&zeros));
	made_epb(&r.b, false, 0, 1, FRAME, NO_OPTIONS);
	take_kind(&r, PCAPNGFILE_OTHER);
	assert_int_equal(r.block.len, len);
	take_packet(&r, FRAME, 15, 0, 1);
	r.at = at;
	r.b.len = at + 12;
	take_kind(&r, PCAPNGFILE_OTHER);
	assert_int_equal(r.block.len, len);
	r.at = at;
	r.b.len = at + 11;
	assert_int_equal(take(&r), PCAPNGFILE_MORE);
	/* its end may not be there to be compared, so it never is */
	memcpy(r.b.data + at + len - 4, &wrong, sizeof(wrong));
	r.b.len = at + len;
	take_kind(&r, PCAPNGFILE_OTHER);
	assert_int_equal(r.block.len, len);
	reading_end(&r);

	/* the longest that is taken as a whole, of each kind */
	r = in_section(false);
	zeros.len -= 4 + 20;
	made_epb(&r.b, false, 0, 1, made_bytes(&zeros), NO_OPTIONS);
	assert_int_equal(r.b.len - r.at, PCAPNGFILE_BLOCK_MAX);
	take_packet(&r, made_bytes(&zeros), (uint32_t)zeros.len, 0, 1);
	at = r.at;
	zeros.len += 20;
	made_block(&r.b, false, UNKNOWN, made_bytes(&zeros));
	r.b.len--;
	assert_int_equal(take(&r), PCAPNGFILE_MORE);
	r.b.len++;
	take_kind(&r, PCAPNGFILE_OTHER);
	buf_fini(&zeros);
	reading_end(&r);
}

/* All of a section's interfaces are alike, or it stays so that they are not. */
static void interfaces_that_differ(void **state)
{
	struct reading r = reading();
	struct buf options = { 0 };
	int i;

	made_section(&r.b, false, NO_OPTIONS);
	made_interface(&r.b, false, 1, 0, NO_OPTIONS);
	made_interface(&r.b, false, 1, 96, NO_OPTIONS);
	made_option(&options, false, 14, bytes_of("\1\0\0\0\0\0\0\0", 8));
	made_interface(&r.b, false, 1, 0, made_bytes(&options));
	made_interface(&r.b, false, 113, 0, NO_OPTIONS);
	made_interface(&r.b, false, 1, 0, NO_OPTIONS);
	take_kind(&r, PCAPNGFILE_SECTION);
	for (i = 0; i < 5; i++) {
		take_kind(&r, PCAPNGFILE_INTERFACE);
		assert_int_equal(pcapngfile_one_time(r.file), i < 2);
		assert_int_equal(pcapngfile_linktype(r.file), i < 3 ? 1 : -1);
	}
	buf_fini(&options);
	reading_end(&r);
}

static void many_interfaces(void **state)
{
	struct reading r = reading();
	struct buf one = { 0 };
	size_t section_len;
	uint32_t i;

	made_section(&r.b, false, NO_OPTIONS);
	section_len = r.b.len;
	made_interface(&r.b, false, 1, 0, NO_OPTIONS);
	take_kind(&r, PCAPNGFILE_SECTION);
	for (i = 0; i < PCAPNGFILE_INTERFACES_MAX; i++) {
		r.at = i == 70000 ? 0 : section_len;
		if (i == 70000) {
			take_kind(&r, PCAPNGFILE_SECTION);
			assert_int_equal(pcapngfile_base(r.file), 70000);
		}
		take_kind(&r, PCAPNGFILE_INTERFACE);
	}
	assert_int_equal(pcapngfile_interfaces(r.file), PCAPNGFILE_INTERFACES_MAX - 70000);
	r.at = section_len;
	buf_fini(&one);
	take_damaged(&r, "more than 1048576 interfaces");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(comments),
		cmocka_unit_test(long_blocks),
		cmocka_unit_test(interfaces_that_differ),
		cmocka_unit_test(many_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
