/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "made.h"
#include "sources/pcapfile.h"

static const struct {
	uint32_t magic, record_len, second_parts;
} kinds[] = {
	{ 0xa1b2c3d4u, 16, 1000000 },
	{ 0xa1b23c4du, 16, 1000000000 },
	{ 0xa1b2cd34u, 24, 1000000 },
};

/* Of each kind and order. */
static struct made_pcap kind(unsigned int i)
{
	return (struct made_pcap){ .magic = kinds[i / 2].magic, .swapped = i % 2, .linktype = 113 };
}

#define N_KINDS 6

static void headers(void **state)
{
	struct pcapfile f;
	struct buf b = { 0 };
	struct err e = { 0 };
	unsigned int i;
	size_t len;

	for (i = 0; i < N_KINDS; i++) {
		struct made_pcap p = kind(i);

		buf_reset(&b);
		made_pcap_header(&b, &p);
		assert_int_equal(b.len, PCAPFILE_HEADER_LEN);
		for (len = 0; len < b.len; len++) {
			assert_int_equal(pcapfile_is(bytes_of(b.data, len)), len >= 4);
			assert_int_equal(pcapfile_read(bytes_of(b.data, len), &f, &e), -EBADMSG);
		}
		assert_int_equal(pcapfile_read(made_bytes(&b), &f, &e), 0);
		assert_int_equal(f.swapped, p.swapped);
		assert_int_equal(f.linktype, 113);
		assert_int_equal(f.snaplen, 262144);
		assert_int_equal(f.record_len, kinds[i / 2].record_len);
		assert_int_equal(f.second_parts, kinds[i / 2].second_parts);
	}
	buf_fini(&b);
}

static void headers_that_are_wrong(void **state)
{
	struct made_pcap p = kind(0);
	struct pcapfile f;
	struct buf b = { 0 };
	struct err e = { 0 };

	p.linktype = 1 | 0x24000000u; /* with the length of a trailing checksum */
	made_pcap_header(&b, &p);
	assert_int_equal(pcapfile_read(made_bytes(&b), &f, &e), 0);
	assert_int_equal(f.linktype, 1);
	b.data[4] = 9;
	assert_int_equal(pcapfile_read(made_bytes(&b), &f, &e), -EBADMSG);
	assert_non_null(strstr(e.what, "version 9.4"));
	b.data[4] = 2;
	b.data[0]++;
	assert_false(pcapfile_is(made_bytes(&b)));
	assert_int_equal(pcapfile_read(made_bytes(&b), &f, &e), -EBADMSG);
	buf_fini(&b);
}

/* A record's header of that kind, and the reader's word for it. */
static struct pcapfile_record record(unsigned int of, struct made_time t, uint32_t caplen, uint32_t cut)
{
	struct made_pcap p = kind(of);
	struct pcapfile_record r;
	struct pcapfile f = { .swapped = p.swapped,
			      .record_len = kinds[of / 2].record_len,
			      .second_parts = kinds[of / 2].second_parts };
	struct buf b = { 0 };
	static const uint8_t frame[64];
	size_t len;

	made_pcap_record(&b, &p, t, bytes_of(frame, caplen), cut);
	for (len = 0; len < f.record_len; len++)
		assert_false(pcapfile_record(&f, bytes_of(b.data, len), &r));
	memset(&r, 0xff, sizeof(r));
	assert_true(pcapfile_record(&f, made_bytes(&b), &r));
	buf_fini(&b);
	return r;
}

static void records(void **state)
{
	struct pcapfile_record r;
	unsigned int i;

	for (i = 0; i < N_KINDS; i++) {
		r = record(i, (struct made_time){ 1700000000, 999999 }, 60, 40);
		assert_int_equal(r.t_ns, 1700000000000000000 + 999999 * (i / 2 == 1 ? 1 : 1000));
		assert_int_equal(r.caplen, 60);
		assert_int_equal(r.len, 100);
		assert_false(r.odd_time);
		assert_false(r.odd_len);

		r = record(i, (struct made_time){ UINT32_MAX, 0 }, 0, 0);
		assert_int_equal(r.t_ns, UINT32_MAX * INT64_C(1000000000));
		assert_false(r.odd_time);

		r = record(i, (struct made_time){ 1, 1000000 }, 60, (uint32_t)-20);
		assert_int_equal(r.odd_time, i / 2 != 1);
		assert_true(r.odd_len);
		assert_int_equal(r.len, 40);
	}
	r = record(2, (struct made_time){ 1, 999999999 }, 0, 0);
	assert_int_equal(r.t_ns, 1999999999);
	assert_false(r.odd_time);
}

/* A fraction of a second that is more than one: whatever it is taken for, times stay in the order of their seconds. */
static void fractions_beyond_a_second(void **state)
{
	unsigned int i;

	for (i = 0; i < N_KINDS; i++) {
		struct pcapfile_record r = record(i, (struct made_time){ 1000, UINT32_MAX }, 0, 0);

		assert_true(r.odd_time);
		assert_in_range(r.t_ns, 1000 * INT64_C(1000000000), 1001 * INT64_C(1000000000) - 1);
	}
}

/* Of a file that says microseconds, if it can be: the time is right then. */
static void nanoseconds_that_should_be_micro(void **state)
{
	const struct pcapfile f = { .second_parts = 1000000 };

	assert_int_equal(pcapfile_time_ns(&f, 7, 999999), 7999999000);
	assert_int_equal(pcapfile_time_ns(&f, 7, 71695000), 7071695000);
	assert_int_equal(pcapfile_time_ns(&f, 7, 999999999), 7999999999);
	assert_int_equal(pcapfile_time_ns(&f, 7, 1000000000), 7999999000);
	assert_int_equal(pcapfile_time_max_ns(&f, 7, 71695000), 7999999999);
	assert_int_equal(pcapfile_time_max_ns(&f, 7, 71695), 7071695000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(headers_that_are_wrong),
		cmocka_unit_test(records),
		cmocka_unit_test(fractions_beyond_a_second),
		cmocka_unit_test(nanoseconds_that_should_be_micro),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
