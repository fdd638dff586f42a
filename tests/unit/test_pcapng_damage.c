/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks that contradict themselves, or others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/pcapng_reading.h"

static void damaged_block(bool swapped, uint32_t type, uint32_t len, uint32_t trailer, const char *why)
{
	struct reading r = in_section(swapped);

	made_u32(&r.b, swapped, type);
	made_u32(&r.b, swapped, len);
	made_zeros(&r.b, len > 12 && len < 4096 ? len - 12 : 0);
	made_u32(&r.b, swapped, trailer);
	made_zeros(&r.b, 64);
	take_damaged(&r, why);
}

static void lengths(void **state)
{
	static const uint32_t types[] = { 6, 1, 2, 3, UNKNOWN };
	int swapped;
	size_t i;

	for (swapped = 0; swapped < 2; swapped++) {
		for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
			damaged_block(swapped, types[i], 0, 0, "impossible length");
			damaged_block(swapped, types[i], 8, 8, "impossible length");
			damaged_block(swapped, types[i], 33, 33, "impossible length");
			damaged_block(swapped, types[i], UINT32_MAX, UINT32_MAX, "impossible length");
			damaged_block(swapped, types[i], 64, 68, "two lengths differ");
			damaged_block(swapped, types[i], 64, 0, "two lengths differ");
		}
		for (i = 0; i < 4; i++) {
			damaged_block(swapped, types[i], PCAPNGFILE_BLOCK_MAX + 4, 0, "impossible length");
			damaged_block(swapped, types[i], UINT32_MAX - 3, 0, "impossible length");
		}
		damaged_block(swapped, 6, 12, 12, "longer than its block");
		damaged_block(swapped, 2, 28, 28, "longer than its block");
		damaged_block(swapped, 3, 12, 12, "longer than its block");
		damaged_block(swapped, 1, 16, 16, "too short");
		damaged_block(swapped, 0x0a0d0d0a, 64, 64, "byte order is unknown");
	}
}

static void captured_beyond(uint32_t caplen)
{
	struct reading r = in_section(false);
	size_t at = r.b.len;

	made_epb(&r.b, false, 0, 1, FRAME, NO_OPTIONS);
	memcpy(r.b.data + at + 20, &caplen, sizeof(caplen));
	if (caplen <= 16)
		take_packet(&r, bytes_of("0123456789abcde\0", caplen), 15, 0, 1);
	else
		take_damaged(&r, "longer than its block");
	if (caplen <= 16)
		reading_end(&r);
}

static void packets(void **state)
{
	static const uint32_t beyond[] = { 0, 1, 12, 14, 15, 16, 17, 18, 0xffff, 0x7fffffff, 0xfffffff0, UINT32_MAX };
	struct reading r;
	size_t i;

	for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		captured_beyond(beyond[i]);

	r = in_section(true);
	made_epb(&r.b, true, 1, 1, FRAME, NO_OPTIONS);
	take_damaged(&r, "not described");
	r = in_section(true);
	made_old_packet(&r.b, true, 1, 1, FRAME);
	take_damaged(&r, "not described");
	r = in_section(true);
	made_simple_packet(&r.b, true, 0xfffffff0, FRAME);
	take_damaged(&r, "longer than its block");

	r = reading();
	made_section(&r.b, false, NO_OPTIONS);
	made_simple_packet(&r.b, false, 5, bytes_of("12345", 5));
	take_kind(&r, PCAPNGFILE_SECTION);
	take_damaged(&r, "before any interface");

	/* those of the section before do not count */
	r = in_section(true);
	made_section(&r.b, false, NO_OPTIONS);
	made_epb(&r.b, false, 0, 1, FRAME, NO_OPTIONS);
	take_kind(&r, PCAPNGFILE_SECTION);
	take_damaged(&r, "before any interface");
}

static void sections(void **state)
{
	struct reading r = reading();
	const uint16_t two = 2, nine = 9;

	made_epb(&r.b, false, 0, 1, FRAME, NO_OPTIONS);
	assert_false(pcapngfile_is(made_bytes(&r.b)));
	take_damaged(&r, "before any section");

	r = reading();
	made_section(&r.b, false, NO_OPTIONS);
	memcpy(r.b.data + 14, &nine, sizeof(nine)); /* a minor version changes nothing */
	take_kind(&r, PCAPNGFILE_SECTION);
	reading_end(&r);

	r = reading();
	made_section(&r.b, false, NO_OPTIONS);
	memcpy(r.b.data + 12, &two, sizeof(two));
	take_damaged(&r, "unknown version");

	r = reading();
	made_block(&r.b, false, 0x0a0d0d0a, bytes_of("\x4d\x3c\x2b\x1a\1\0\0\0", 8));
	take_damaged(&r, "too short");
}

/* Options that contradict themselves are left out, and the block is taken. */
static void options_that_are_wrong(void **state)
{
	const struct pcapngfile_interface *i;
	struct reading r = reading();
	struct buf options = { 0 };

	made_section(&r.b, true, NO_OPTIONS);
	option_u8(&options, true, 9, 3);
	made_u16(&options, true, 14);
	made_u16(&options, true, 9); /* one byte more than there is */
	made_zeros(&options, 8);
	made_interface(&r.b, true, 1, 0, made_bytes(&options));
	buf_reset(&options);
	made_option(&options, true, 14, bytes_of("\xff\xff\xff\xff\xff\xff\xff\xfe", 8));
	made_option(&options, true, 9, bytes_of("", 0));
	made_option(&options, true, 0, NO_OPTIONS);
	made_option(&options, true, 9, bytes_of("\4", 1)); /* behind their end */
	made_interface(&r.b, true, 1, 0, made_bytes(&options));
	take_kind(&r, PCAPNGFILE_SECTION);
	take_kind(&r, PCAPNGFILE_INTERFACE);
	i = pcapngfile_interface(r.file, 0, 0);
	assert_int_equal(i->tsresol, 3);
	assert_int_equal(i->tsoffset, 0);
	take_kind(&r, PCAPNGFILE_INTERFACE);
	i = pcapngfile_interface(r.file, 0, 1);
	assert_int_equal(i->tsresol, 6);
	assert_int_equal(i->tsoffset, -2);
	assert_int_equal(pcapngfile_linktype(r.file), 1);
	assert_false(pcapngfile_one_time(r.file));
	buf_fini(&options);
	reading_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(packets),
		cmocka_unit_test(sections),
		cmocka_unit_test(options_that_are_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
