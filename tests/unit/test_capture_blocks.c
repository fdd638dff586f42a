/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures that are none or wrong somewhere, and those whose blocks are long or many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sources/pcapngfile.h"
#include "tests/unit/made.h"
#include "tests/unit/capture_file.h"

/* The byte that an error names is where the record begins that could not be read. */
static void errors_say_where(void **state)
{
	struct made_pcap p = { .magic = 0xa1b2c3d4u, .linktype = 1 };
	struct made_time t = { 1700000000, 0 };
	struct bytes frame = bytes_of("0123456789abcdef", 16);
	struct buf b = { 0 };
	struct seen s;
	size_t i;

	made_pcap_header(&b, &p);
	made_pcap_record(&b, &p, t, frame, 0);
	made_pcap_record(&b, &p, t, frame, 0);
	made_u64(&b, false, 0);
	made_u64(&b, false, UINT64_MAX);
	made_zeros(&b, 100);
	write_file(made_bytes(&b));
	for (i = 0; i < N_BUFFER_LENS; i++) {
		read_as(&s, buffer_lens[i], true, false);
		assert_int_equal(s.n, 2);
		assert_non_null(strstr(s.err.what, ": byte 88, after packet 2: a packet of 4294967295 bytes"));
		seen_fini(&s);
	}
	buf_reset(&b);
	made_section(&b, true, bytes_of("", 0));
	made_interface(&b, true, 1, 0, bytes_of("", 0));
	made_epb(&b, true, 0, 1, frame, bytes_of("", 0));
	made_epb(&b, true, 1, 1, frame, bytes_of("", 0));
	write_file(made_bytes(&b));
	for (i = 0; i < N_BUFFER_LENS; i++) {
		read_as(&s, buffer_lens[i], true, true);
		assert_int_equal(s.n, 1);
		assert_non_null(strstr(s.err.what, ": byte 96, after packet 1: a packet of an interface that is not"));
		seen_fini(&s);
	}
	buf_fini(&b);
}

static void no_captures(void **state)
{
	const struct capture_opts o = { .seed = SEED };
	struct seen s;

	write_file(bytes_of("", 0));
	assert_false(capture_is_one(path));
	read_as(&s, 0, true, false);
	assert_non_null(strstr(s.err.what, "it is empty"));
	write_file(bytes_of("this is no capture, but some text", 33));
	assert_false(capture_is_one(path));
	read_as(&s, 0, true, true);
	assert_non_null(strstr(s.err.what, "neither pcap nor pcapng"));
	seen_read(&s, directory, &o, false);
	assert_non_null(strstr(s.err.what, "directory"));
	assert_non_null(strstr(s.err.remedy, "-R"));
	assert_false(capture_is_one(directory));
	seen_read(&s, "/nonexistent/capture", &o, false);
	assert_non_null(strstr(s.err.what, "/nonexistent/capture"));
	assert_false(capture_is_one("/nonexistent/capture"));
}

/* The same error, whatever way it is read. */
static void assert_error(const char *what)
{
	struct seen s;
	size_t k;

	for (k = 2; k < N_BUFFER_LENS; k++) {
		read_as(&s, buffer_lens[k], true, k % 2);
		assert_int_equal(s.n, 2);
		if (!strstr(s.err.what, what))
			fail_msg("\"%s\" is not \"%s\"", s.err.what, what);
		seen_fini(&s);
	}
}

/* A block longer than any buffer, of a kind that nobody knows, between packets. */
static void long_blocks(void **state)
{
	static const uint32_t lens[] = { 4096, PCAPNGFILE_BLOCK_MAX - 12, PCAPNGFILE_BLOCK_MAX, 5u << 20 };
	struct bytes frame = bytes_of("0123456789abcdef", 16);
	struct buf b = { 0 }, zeros = { 0 };
	struct seen s;
	char where[96];
	size_t i, k;

	for (i = 0; i < 4; i++) {
		buf_reset(&b);
		buf_reset(&zeros);
		made_zeros(&zeros, lens[i]);
		made_section(&b, false, bytes_of("", 0));
		made_interface(&b, false, 1, 0, bytes_of("", 0));
		made_epb(&b, false, 0, 1, frame, bytes_of("", 0));
		made_block(&b, false, 0x0bad, made_bytes(&zeros));
		made_epb(&b, false, 0, 2, frame, bytes_of("", 0));
		made_block(&b, false, 0x0bad, made_bytes(&zeros));
		write_file(made_bytes(&b));
		for (k = 2; k < N_BUFFER_LENS; k++) {
			read_as(&s, buffer_lens[k], true, k % 2);
			assert_int_equal(s.n, 2);
			assert_string_equal(s.err.what, "");
			seen_fini(&s);
			read_pipe(&s, made_bytes(&b), 65536, buffer_lens[k], k % 2);
			assert_int_equal(s.n, 2);
			assert_string_equal(s.err.what, "");
			seen_fini(&s);
		}
		made_u64(&b, false, 0);
		made_u64(&b, false, 0);
		write_file(made_bytes(&b));
		snprintf(where, sizeof(where), ": byte %zu, after packet 2: a block of an impossible", b.len - 16);
		assert_error(where);
		b.len -= 20;
		write_file(made_bytes(&b));
		assert_error("after packet 2: the file ends in the middle of a block");
	}
	buf_fini(&b);
	buf_fini(&zeros);
}

/* More packets than a list holds, in a section that is not walked since its interfaces differ. */
static void many_blocks(void **state)
{
	struct buf b = { 0 }, option = { 0 };
	struct seen s;
	size_t i;

	made_option(&option, false, 9, bytes_of("\x09", 1));
	made_section(&b, false, bytes_of("", 0));
	made_interface(&b, false, 1, 0, bytes_of("", 0));
	made_interface(&b, false, 1, 0, made_bytes(&option));
	for (i = 0; i < 3 * WALK_LIST_MAX; i++)
		made_epb(&b, false, i % 2, i, bytes_of("", 0), bytes_of("", 0));
	write_file(made_bytes(&b));
	for (i = 2; i < N_BUFFER_LENS; i++) {
		read_as(&s, buffer_lens[i], i % 2, false);
		assert_int_equal(s.n, 3 * WALK_LIST_MAX);
		assert_int_equal(s.packets[5].t_ns, 5);
		assert_int_equal(s.packets[70000].t_ns, 70000000);
		seen_fini(&s);
	}
	buf_fini(&b);
	buf_fini(&option);
}

/* Remarks without end take no memory without end; and what comes after them is read. */
static void many_remarks(void **state)
{
	struct buf b = { 0 }, options = { 0 };
	char text[1000];
	struct seen s;
	int i;

	memset(text, 'x', sizeof(text));
	made_option(&options, true, 1, bytes_of(text, sizeof(text)));
	for (i = 0; i < 5000; i++)
		made_section(&b, true, made_bytes(&options));
	made_interface(&b, true, 1, 0, bytes_of("", 0));
	made_epb(&b, true, 0, 1, bytes_of("0123456789", 10), bytes_of("", 0));
	write_file(made_bytes(&b));
	read_as(&s, 0, true, false);
	assert_string_equal(s.err.what, "");
	assert_int_equal(s.n, 1);
	assert_in_range(s.remarks.len, 1 << 19, 2 << 20);
	seen_fini(&s);
	buf_fini(&b);
	buf_fini(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_say_where), cmocka_unit_test(no_captures),  cmocka_unit_test(long_blocks),
		cmocka_unit_test(many_blocks),	    cmocka_unit_test(many_remarks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
