/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of pcapng packets in nanoseconds, by whatever resolution and offset, against integers of 128 bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sources/pcapngfile.h"
#include "tests/unit/random.h"

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(times_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
