/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoding alone, its input from memory: what comes out of which bytes.  test_unpack_fd.c has the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "sources/unpack_stream.h"
#include "tests/unit/unpack_pieces.h"

#define LARGER_PIECES 4

static void every_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, 70000, 1000000, 10000000 };

	for (size_t i = 0; i < n_packers * sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct packer *p = &packers[i % n_packers];
		size_t size = sizes[i / n_packers];
		struct buf content = { 0 }, packed = { 0 };
		struct result r;

		packed_content(&content, size);
		p->pack(&packed, all(&content).p, content.len);
		assert_int_equal(packing_of(all(&packed).p, packed.len), p->packing);
		if (size < 1000) {
			unpack_any_way(p->packing, all(&packed), &r);
		} else {
			unpack_by(p->packing, all(&packed), 100000, 300000, &r);
		}
		assert_int_equal(r.end, 0);
		expect(&r, &content);
		buf_fini(&r.out);
		buf_fini(&content);
		buf_fini(&packed);
	}
}

/* Noise is stored in the largest blocks there are. */
static void stored(void **state)
{
	struct buf content = { 0 };
	uint32_t seed = 1;

	while (content.len < 300000) {
		seed = seed * 1664525 + 1013904223;
		buf_char(&content, (char)(seed >> 24));
	}
	for (size_t i = 0; i < n_packers; i++) {
		struct buf packed = { 0 };
		struct result r;

		packers[i].pack(&packed, all(&content).p, content.len);
		unpack_by(packers[i].packing, all(&packed), 1 << 20, 1 << 20, &r);
		assert_int_equal(r.end, 0);
		expect(&r, &content);
		for (size_t n = 0; n < 2; n++)
			packed.data[packed.len * 2 / 3 + n] ^= 0x5a;
		buf_fini(&r.out);
		unpack_by(packers[i].packing, all(&packed), 1 << 20, 1 << 20, &r);
		assert_int_equal(r.end, packers[i].checked ? -EBADMSG : 0);
		expect_same(packers[i].packing, all(&packed), LARGER_PIECES, &r);
		buf_fini(&r.out);
		buf_fini(&packed);
	}
	buf_fini(&content);
}

/* Two members, with what may lie between.  Returns where the stream may end, too. */
static void pack_two(const struct packer *p, struct buf *packed, struct buf *content, size_t ends[4])
{
	packed_content(content, 230);
	p->pack(packed, all(content).p, 140);
	ends[0] = packed->len;
	if (p->packing == PACKING_GZIP)
		buf_add(packed, "\0\0", 2);
	else
		packed_skippable(packed, 2);
	ends[1] = packed->len;
	p->pack(packed, all(content).p + 140, 90);
	ends[2] = packed->len;
}

/* Of a stream cut anywhere what was there comes out, and then that it is cut. */
static void cut_anywhere(void **state)
{
	for (size_t i = 0; i < n_packers; i++) {
		const struct packer *p = &packers[i];
		struct buf content = { 0 }, packed = { 0 };
		size_t ends[4] = { 0 };

		pack_two(p, &packed, &content, ends);
		for (size_t len = 0; len <= packed.len; len++) {
			bool padding = p->packing == PACKING_GZIP && len > ends[0] && len < ends[1];
			bool empty = !strcmp(p->name, "lz4, legacy") && (len == 4 || len == ends[1] + 4);
			bool whole = len && (len == ends[0] || len == ends[1] || len == ends[2] || padding || empty);
			struct result r;

			unpack_by(p->packing, bytes_of(packed.data, len), 1 << 20, 1 << 20, &r);
			expect_same(p->packing, bytes_of(packed.data, len), 0, &r);
			expect_same(p->packing, bytes_of(packed.data, len), len, &r);
			assert_int_equal(r.end, whole ? 0 : -ENODATA);
			assert_true(r.out.len <= content.len);
			assert_true(len < ends[0] || r.out.len >= 140);
			assert_int_equal(r.out.len == content.len, len == ends[2] || r.out.len == 230);
			assert_memory_equal(buf_text(&r.out), content.data, r.out.len);
			buf_fini(&r.out);
		}
		buf_fini(&content);
		buf_fini(&packed);
	}
}

/* A flipped bit is seen, or changes nothing, or there was no checksum; and never depends on how it is read. */
static void flipped_bits(void **state)
{
	for (size_t i = 0; i < n_packers; i++) {
		const struct packer *p = &packers[i];
		struct buf content = { 0 }, packed = { 0 };
		size_t ends[4];

		pack_two(p, &packed, &content, ends);
		/* isa-l's level 0 has long tables, which make it slow. */
		for (size_t bit = 0; bit<8 * packed.len; bit += packed.len> 200 ? 7 : 1) {
			struct result r;

			packed.data[bit / 8] ^= (char)(1 << bit % 8);
			unpack_by(p->packing, all(&packed), 1 << 20, 1 << 20, &r);
			expect_same(p->packing, all(&packed), bit, &r);
			packed.data[bit / 8] ^= (char)(1 << bit % 8);
			if (r.end)
				assert_true(r.end == -EBADMSG || r.end == -ENODATA || r.end == -ENOTSUP);
			else if (p->checked)
				expect(&r, &content);
			buf_fini(&r.out);
		}
		buf_fini(&content);
		buf_fini(&packed);
	}
}

static void bytes_after(void **state)
{
	for (size_t i = 0; i < n_packers; i++) {
		const struct packer *p = &packers[i];
		struct buf content = { 0 }, packed = { 0 };
		char what[100];

		packed_content(&content, 90);
		p->pack(&packed, all(&content).p, content.len);
		snprintf(what, sizeof(what), "bytes after the %s stream, from byte %zu on", packing_name(p->packing),
			 packed.len);
		buf_str(&packed, "tail");
		expect_end(p->packing, &packed, &content, -EBADMSG, what);
		packed.len -= 2;
		if (strcmp(p->name, "lz4, legacy") != 0)
			expect_end(p->packing, &packed, &content, -EBADMSG, what);
		buf_fini(&content);
		buf_fini(&packed);
	}
}

static void padding(void **state)
{
	struct buf content = { 0 }, packed = { 0 };
	char what[100];

	buf_char(&content, '1');
	packers[0].pack(&packed, (const uint8_t *)"1", 1);
	for (int i = 0; i < 1000; i++)
		buf_char(&packed, 0);
	expect_end(PACKING_GZIP, &packed, &content, 0, "");
	buf_char(&content, '2');
	packers[0].pack(&packed, (const uint8_t *)"2", 1);
	buf_char(&packed, 0);
	expect_end(PACKING_GZIP, &packed, &content, 0, "");
	snprintf(what, sizeof(what), "bytes after the gzip stream, from byte %zu on", packed.len);
	buf_char(&packed, 'x');
	expect_end(PACKING_GZIP, &packed, &content, -EBADMSG, what);
	buf_reset(&packed);
	buf_char(&packed, 0);
	expect_end(PACKING_GZIP, &packed, &(struct buf){ 0 }, -EBADMSG, "no gzip data at byte 0");
	buf_fini(&content);
	buf_fini(&packed);
}

/* An error in the middle of much comes after all that is before it. */
static void damaged_late(void **state)
{
	for (size_t i = 0; i < n_packers; i++) {
		struct buf content = { 0 }, packed = { 0 };
		struct result whole;

		packed_content(&content, 700000);
		packers[i].pack(&packed, all(&content).p, content.len);
		for (size_t n = 0; n < 100; n++)
			packed.data[packed.len * 2 / 3 + n] ^= 0x5a;
		unpack_by(packers[i].packing, all(&packed), 1 << 20, 1 << 20, &whole);
		expect_same(packers[i].packing, all(&packed), LARGER_PIECES, &whole);
		if (packers[i].checked)
			assert_int_equal(whole.end, -EBADMSG);
		if (packers[i].packing == PACKING_GZIP) {
			assert_true(whole.out.len > 400000);
			assert_memory_equal(whole.out.data, content.data, 400000);
		}
		buf_fini(&whole.out);
		buf_fini(&content);
		buf_fini(&packed);
	}
}

/* What is sure of the last bits is told from what could be, wherever data go from one repetition to another. */
static void cut_in_repetitions(void **state)
{
	struct buf content = { 0 };

	for (int i = 0; i < 40; i++) {
		buf_repeat(&content, "x", (size_t)(i * 7 % 30));
		packed_content(&content, content.len + 20);
		buf_repeat(&content, "-+", (size_t)(i * 5 % 30));
	}
	for (size_t i = 0; i < n_packers; i++) {
		struct buf packed = { 0 };

		packers[i].pack(&packed, all(&content).p, content.len);
		for (size_t len = 0; len < packed.len; len++) {
			struct result r;

			unpack_by(packers[i].packing, bytes_of(packed.data, len), 1 << 20, 1 << 20, &r);
			expect_same(packers[i].packing, bytes_of(packed.data, len), len, &r);
			assert_true(r.out.len <= content.len);
			assert_memory_equal(buf_text(&r.out), content.data, r.out.len);
			buf_fini(&r.out);
		}
		buf_fini(&packed);
	}
	buf_fini(&content);
}

/* n letters in codes that RFC 1951, 3.2.6 fixes (8 bits each, after 3 of the block's header), and a code for nothing.
 */
static void wrong_code_after(size_t n, struct buf *ret)
{
	unsigned bits = 3, held = 3;

	buf_add(ret, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	while (n--) {
		/* 'A' is 0x30 + 65, sent from its first bit on: 01110001 */
		bits |= 0x8eu << held;
		buf_char(ret, (char)bits);
		bits >>= 8;
	}
	/* 286: 11000110 */
	bits |= 0x63u << held;
	buf_char(ret, (char)bits);
	buf_char(ret, (char)(bits >> 8));
	buf_str(ret, "bytes that are not looked at");
}

/* Found in the same place, also when the decoder has stopped, its own buffer of 64 KiB full, just before. */
static void found_at_its_place(void **state)
{
	for (size_t n = 65500; n < 65600; n++) {
		struct buf packed = { 0 };
		struct result whole, cut;
		char what[100];

		wrong_code_after(n, &packed);
		snprintf(what, sizeof(what), "damaged gzip data, as found at byte %zu: no such symbol", n + 11);
		unpack_by(PACKING_GZIP, all(&packed), 1 << 20, 1 << 20, &whole);
		unpack_by(PACKING_GZIP, all(&packed), 1 << 20, 777, &cut);
		assert_int_equal(whole.out.len, n);
		expect(&cut, &whole.out);
		assert_string_equal(whole.err.what, what);
		assert_string_equal(cut.err.what, what);
		buf_fini(&whole.out);
		buf_fini(&cut.out);
		buf_fini(&packed);
	}
}

/* What no compressor here makes. */
static void odd_streams(void **state)
{
	static const struct {
		enum packing packing;
		const char *packed;
		size_t len;
		const char *content;
		int end;
		const char *what;
	} odd[] = {
#define BYTES(s) s, sizeof(s) - 1
		/* every optional field, with the header's checksum: gzip, RFC 1952 2.3.1 */
		{ PACKING_GZIP,
		  BYTES("\x1f\x8b\x08\x1f\0\0\0\0\0\xff\5\0extraname\0comment\0\x03\x95\xab\0\0\0\xff\xff\3\0\0\0\0\0\0\0\0\0"),
		  "", -EBADMSG, "damaged gzip data, as found at byte 32: the checksum is wrong" },
		{ PACKING_GZIP, BYTES("\x1f\x8b\7\0\0\0\0\0\0\xff"), "", -ENOTSUP,
		  "the gzip data at byte 10 cannot be unpacked: its method is not deflate" },
		/* a block of type 3 */
		{ PACKING_GZIP, BYTES("\x1f\x8b\x08\0\0\0\0\0\0\xff\7"), "", -EBADMSG,
		  "damaged gzip data, as found at byte 11: no such block" },
		/* windows of 128 MiB and 256 MiB, and an empty last block: RFC 8878 3.1.1.1.2 */
		{ PACKING_ZSTD, BYTES("\x28\xb5\x2f\xfd\0\x88\1\0\0"), "", 0, "" },
		{ PACKING_ZSTD, BYTES("\x28\xb5\x2f\xfd\0\x90\1\0\0"), "", -ENOTSUP,
		  "the zstd data at byte 6 cannot be unpacked: it needs a window of more than 128 MiB" },
		{ PACKING_ZSTD, BYTES("\x28\xb5\x2f\xfd\1\x58\7\1\0\0"), "", -ENOTSUP,
		  "the zstd data at byte 7 cannot be unpacked: it needs a dictionary" },
		/* skippable frames alone, and before a frame of lz4: magic numbers of both */
		{ PACKING_ZSTD, BYTES("\x5f\x2a\x4d\x18\0\0\0\0"), "", 0, "" },
		{ PACKING_ZSTD, BYTES("\x50\x2a\x4d\x18\1\0\0\0?\x04\x22\x4d\x18\x60\x40\x82\1\0\0\x80!\0\0\0\0"), "!",
		  0, "" },
		{ PACKING_ZSTD, BYTES("\x50\x2a\x4d\x18\xff\xff\xff\xff?"), "", -ENODATA,
		  "the zstd data end in the middle, after 9 bytes" },
		/* zstd and lz4 do not mix; neither do they with gzip */
		{ PACKING_LZ4, BYTES("\x04\x22\x4d\x18\x60\x40\x82\0\0\0\0\x28\xb5\x2f\xfd"), "", -EBADMSG,
		  "bytes after the lz4 stream, from byte 11 on" },
		{ PACKING_LZ4, BYTES("\x04\x22\x4d\x18\x60\x40\x82\0\0\0\0\x1f\x8b\x08\0"), "", -EBADMSG,
		  "bytes after the lz4 stream, from byte 11 on" },
		/* a block of the legacy format of no bytes; one of as many as possible */
		{ PACKING_LZ4, BYTES("\x02\x21\x4c\x18\0\0\0\0"), "", -EBADMSG,
		  "damaged lz4 data, as found at byte 8: no such block" },
		{ PACKING_LZ4, BYTES("\x02\x21\x4c\x18\x90\x80\x80\0"), "", -ENODATA,
		  "the lz4 data end in the middle, after 8 bytes" },
		{ PACKING_LZ4, BYTES("\x02\x21\x4c\x18\x91\x80\x80\0"), "", -EBADMSG,
		  "bytes after the lz4 stream, from byte 4 on" },
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct buf packed = { 0 }, content = { 0 };

		buf_add(&packed, odd[i].packed, odd[i].len);
		buf_str(&content, odd[i].content);
		expect_end(odd[i].packing, &packed, &content, odd[i].end, odd[i].what);
		buf_fini(&packed);
		buf_fini(&content);
	}
}

static void told_by_content(void **state)
{
	static const struct {
		const char *head;
		enum packing packing;
	} heads[] = {
		{ "\x1f\x8b\x08\x00", PACKING_GZIP }, { "\x28\xb5\x2f\xfd", PACKING_ZSTD },
		{ "\x50\x2a\x4d\x18", PACKING_ZSTD }, { "\x5f\x2a\x4d\x18", PACKING_ZSTD },
		{ "\x04\x22\x4d\x18", PACKING_LZ4 },  { "\x02\x21\x4c\x18", PACKING_LZ4 },
		{ "\x60\x2a\x4d\x18", PACKING_NONE }, { "\xd4\xc3\xb2\xa1", PACKING_NONE },
		{ "\x0a\x0d\x0d\x0a", PACKING_NONE }, { "\x1f\x9d\x08\x00", PACKING_NONE },
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		const uint8_t *head = (const uint8_t *)heads[i].head;

		assert_int_equal(packing_of(head, UNPACK_HEAD), heads[i].packing);
		assert_int_equal(packing_of(head, UNPACK_HEAD - 1), PACKING_NONE);
	}
	assert_string_equal(packing_name(PACKING_ZSTD), "zstd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size),	      cmocka_unit_test(stored),
		cmocka_unit_test(cut_anywhere),	      cmocka_unit_test(flipped_bits),
		cmocka_unit_test(bytes_after),	      cmocka_unit_test(padding),
		cmocka_unit_test(damaged_late),	      cmocka_unit_test(odd_streams),
		cmocka_unit_test(told_by_content),    cmocka_unit_test(cut_in_repetitions),
		cmocka_unit_test(found_at_its_place),
	};

	/* Not a system call for each of the decoders' buffers. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
