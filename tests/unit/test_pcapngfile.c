/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "made.h"
#include "random.h"
#include "sources/pcapngfile.h"

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

#define NO_OPTIONS bytes_of("", 0)
#define UNKNOWN 0x0bad0bad
#define FRAME bytes_of("0123456789abcde", 15)

static uwide power(unsigned int base, unsigned int n)
{
	uwide v = 1;

	while (n--)
		v *= base;
	return v;
}

/* Nanoseconds by the definition, rounded down. */
static wide exact_ns(const struct pcapngfile_interface *i, uint64_t time)
{
	unsigned int n = i->tsresol & 0x7f;
	uwide ns;

	if (i->tsresol & 0x80)
		ns = (uwide)time * 1000000000 >> n;
	else if (n <= 9)
		ns = (uwide)time * power(10, 9 - n);
	else
		ns = n > 9 + 38 ? 0 : time / power(10, n - 9); /* 10^39 has more than 128 bits, and `time` has 64 */
	return (wide)ns + (wide)i->tsoffset * 1000000000;
}

static void check_time(const struct pcapngfile_interface *i, uint64_t time)
{
	wide exact = exact_ns(i, time);
	const wide limit = (wide)1 << 62;
	bool odd = false, is_odd = exact < 0 || exact >= limit;
	int64_t want = exact < 0 ? 0 : exact >= limit ? (int64_t)(limit - 1) : (int64_t)exact;
	int64_t t_ns = pcapngfile_time_ns(i, time, &odd);

	if (t_ns != want || odd != is_odd)
		fail_msg("resolution %#x, offset %lld, time %#llx: %lld, odd %d, not %lld", i->tsresol,
			 (long long)i->tsoffset, (unsigned long long)time, (long long)t_ns, odd, (long long)want);
}

static void times(void **state)
{
	static const int64_t offsets[] = { 0,	      1,	 -1,	     1700000000, -1700000000,
					   INT64_MIN, INT64_MAX, 4611686018, 4611686019 };
	uint64_t random = 1, time;
	struct pcapngfile_interface i = { 0 };
	unsigned int resolution, k;
	size_t o;
	int shift;

	for (resolution = 0; resolution < 256; resolution++) {
		i.tsresol = (uint8_t)resolution;
		for (o = 0; o < sizeof(offsets) / sizeof(offsets[0]); o++) {
			i.tsoffset = offsets[o];
			for (shift = 0; shift < 64; shift++) {
				check_time(&i, UINT64_C(1) << shift);
				check_time(&i, (UINT64_C(1) << shift) - 1);
				check_time(&i, UINT64_MAX >> shift);
			}
			for (time = 1, k = 0; k < 20; k++, time *= 10) {
				check_time(&i, time);
				check_time(&i, time - 1);
				check_time(&i, time * 17 + 5);
			}
		}
		for (k = 0; k < 1000; k++) {
			i.tsoffset = (int64_t)random_u64(&random) >> random_below(&random, 64);
			check_time(&i, random_u64(&random) >> random_below(&random, 64));
		}
	}
}

/* Resolutions that are met, in words. */
static void times_in_words(void **state)
{
	static const struct {
		uint8_t resolution;
		int64_t offset;
		uint64_t time;
		int64_t t_ns;
		bool odd;
	} rows[] = {
		{ 6, 0, 1700000000123456, 1700000000123456000, false },
		{ 9, 0, 1700000000123456789, 1700000000123456789, false },
		{ 0, 0, 1700000000, 1700000000000000000, false },
		{ 0x80, 0, 1700000000, 1700000000000000000, false },
		{ 0x94, 0, UINT64_C(1700000000) << 20 | 1 << 19, 1700000000500000000, false },
		{ 15, 0, 1000000000000000000, 1000000000000, false },
		{ 127, 0, UINT64_MAX, 0, false },
		{ 0xff, 0, UINT64_MAX, 0, false },
		{ 28, 0, UINT64_MAX, 1, false },
		{ 29, 0, UINT64_MAX, 0, false },
		{ 6, INT64_MIN, 1700000000123456, 0, true },
		{ 6, INT64_MAX, 1700000000123456, INT64_MAX / 2, true },
		{ 6, 0, UINT64_MAX, INT64_MAX / 2, true },
		{ 6, -1700000000, 1700000000000001, 1000, false },
	};
	bool odd;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pcapngfile_interface of = { .tsresol = rows[i].resolution, .tsoffset = rows[i].offset };

		assert_int_equal(pcapngfile_time_ns(&of, rows[i].time, &odd), rows[i].t_ns);
		assert_int_equal(odd, rows[i].odd);
	}
}

/* A file in memory, and a reader in it. */
struct reading {
	struct buf b;
	size_t at;
	struct pcapngfile *file;
	struct pcapngfile_block block; /* the last */
};

static struct reading reading(void)
{
	struct reading r = { .file = pcapngfile_new() };

	assert_non_null(r.file);
	return r;
}

static void end(struct reading *r)
{
	pcapngfile_free(r->file);
	buf_fini(&r->b);
}

static enum pcapngfile_result take(struct reading *r)
{
	struct bytes b = made_bytes(&r->b);
	enum pcapngfile_result result;

	assert_true(bytes_skip(&b, r->at));
	result = pcapngfile_take(r->file, b, &r->block);
	if (result == PCAPNGFILE_OK)
		r->at += r->block.len;
	return result;
}

static void take_kind(struct reading *r, enum pcapngfile_kind kind)
{
	enum pcapngfile_result result = take(r);

	if (result != PCAPNGFILE_OK)
		fail_msg("byte %zu: result %d, %s", r->at, (int)result, r->block.why ? r->block.why : "");
	assert_int_equal(r->block.kind, kind);
}

static void take_damaged(struct reading *r, const char *why)
{
	assert_int_equal(take(r), PCAPNGFILE_DAMAGED);
	assert_non_null(r->block.why);
	if (!strstr(r->block.why, why))
		fail_msg("\"%s\" is not about \"%s\"", r->block.why, why);
	end(r);
}

static void take_packet(struct reading *r, struct bytes frame, uint32_t len, uint32_t interface, uint64_t time)
{
	const struct pcapngfile_packet *p = &r->block.packet;
	const struct pcapngfile_interface *first;
	struct pcapngfile_packet again;
	size_t begin = r->at;

	take_kind(r, PCAPNGFILE_PACKET);
	assert_int_equal(p->frame.len, frame.len);
	assert_memory_equal(p->frame.p, frame.p, frame.len);
	assert_int_equal(p->len, len);
	assert_int_equal(p->interface, interface);
	assert_int_equal(p->has_time, time != 0);
	assert_int_equal(p->time, time);
	first = pcapngfile_interface(r->file, pcapngfile_base(r->file), 0);
	memset(&again, 0xff, sizeof(again));
	assert_true(pcapngfile_packet(bytes_of(r->b.data + begin, r->b.len - begin), pcapngfile_swapped(r->file),
				      first->snaplen, &again));
	assert_ptr_equal(again.frame.p, p->frame.p);
	assert_int_equal(again.frame.len, p->frame.len);
	assert_int_equal(again.time, p->time);
	assert_int_equal(again.interface, p->interface);
	assert_int_equal(again.options.len, p->options.len);
}

static struct bytes option_u8(struct buf *b, bool swapped, uint16_t code, uint8_t v)
{
	buf_reset(b);
	made_option(b, swapped, code, bytes_of(&v, 1));
	return made_bytes(b);
}

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
	end(&r);
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
		end(&cut);
	}
	end(&whole);
}

static struct reading in_section(bool swapped)
{
	struct reading r = reading();

	made_section(&r.b, swapped, NO_OPTIONS);
	made_interface(&r.b, swapped, 1, 0, NO_OPTIONS);
	take_kind(&r, PCAPNGFILE_SECTION);
	take_kind(&r, PCAPNGFILE_INTERFACE);
	return r;
}

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
		end(&r);
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
	end(&r);

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
	end(&r);
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
		end(&r);
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
	end(&r);

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
	end(&r);
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
	end(&r);
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
		cmocka_unit_test(times),
		cmocka_unit_test(times_in_words),
		cmocka_unit_test(every_kind),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(lengths),
		cmocka_unit_test(packets),
		cmocka_unit_test(sections),
		cmocka_unit_test(options_that_are_wrong),
		cmocka_unit_test(comments),
		cmocka_unit_test(long_blocks),
		cmocka_unit_test(interfaces_that_differ),
		cmocka_unit_test(many_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
