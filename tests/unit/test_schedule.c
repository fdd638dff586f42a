/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/schedule.h"

#define S 1000000000LL
#define MS 1000000LL
#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct policy policy_of(int retries, int linear)
{
	struct policy p;

	policy_default(0, &p);
	p.retries = retries;
	p.linear = linear;
	return p;
}

static void expect_syns(const struct schedule *s, const int *syns, int n, int end, int unit)
{
	int i;

	assert_int_equal(s->n, n);
	for (i = 0; i < n; i++)
		assert_int_equal(s->syn[i], (int64_t)syns[i] * unit);
	assert_int_equal(s->end, (int64_t)end * unit);
}

/* Measured on Linux 6.18: SYNs and ETIMEDOUT in seconds; with linear timeouts a small `retries` ends by its time. */
static void nominal(void **state)
{
	static const struct {
		int retries, linear, end, n;
		int syns[12];
	} rows[] = {
		{ 1, 0, 3, 2, { 0, 1 } },
		{ 1, 1, 4, 3, { 0, 1, 2 } },
		{ 1, 4, 3, 3, { 0, 1, 2 } },
		{ 2, 0, 7, 3, { 0, 1, 3 } },
		{ 2, 4, 7, 6, { 0, 1, 2, 3, 4, 5 } },
		{ 3, 1, 16, 5, { 0, 1, 2, 4, 8 } },
		{ 3, 4, 19, 8, { 0, 1, 2, 3, 4, 5, 7, 11 } },
		{ 5, 0, 63, 6, { 0, 1, 3, 7, 15, 31 } },
		{ 6, 0, 127, 7, { 0, 1, 3, 7, 15, 31, 63 } },
		{ 6, 4, 131, 11, { 0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 } },
	};
	struct schedule s;
	struct policy p;
	int i, hz[] = { 100, 250, 300, 1000 }, k;

	for (i = 0; i < LEN(rows); i++) {
		p = policy_of(rows[i].retries, rows[i].linear);
		for (k = 0; k < LEN(hz); k++) {
			p.hz = hz[k];
			schedule_nominal(&p, &s);
			expect_syns(&s, rows[i].syns, rows[i].n, rows[i].end, p.hz);
			assert_int_equal(s.limit, LIMIT_SYN_RETRIES);
		}
		/* TCP_SYNCNT stands in for the sysctl, and linear timeouts are added to it too */
		p.syncnt = p.retries;
		p.retries = 6;
		schedule_nominal(&p, &s);
		expect_syns(&s, rows[i].syns, rows[i].n, rows[i].end, p.hz);
	}
}

/* The wheel's own arithmetic by hand, HZ 250, phase 0: 250 -> the bucket of 8 after it, ... */
static void exact(void **state)
{
	static const int zero[] = { 0, 256, 760, 1792, 3840, 7872 }, odd[] = { 0, 253, 757, 1789, 3837, 7869 };
	struct policy p = policy_of(5, 0);
	struct schedule s;

	schedule_exact(&p, 0, &s);
	expect_syns(&s, zero, 6, 16064 + 320, 1);
	schedule_exact(&p, 3, &s);
	expect_syns(&s, odd, 6, 16384 - 3, 1);
	/* only the low bits of jiffies matter */
	schedule_exact(&p, (1ULL << 40) + (1ULL << 18) + 3, &s);
	expect_syns(&s, odd, 6, 16384 - 3, 1);
}

/* What the documentation says about the default, and what was measured. */
static void ranges(void **state)
{
	struct policy p = policy_of(5, 0);
	struct schedule_range r;

	schedule_range(&p, &r);
	assert_int_equal(r.n, 6);
	assert_int_equal(r.n_min, 6);
	assert_int_equal(r.syn[0].max_ns, 0);
	assert_int_equal(r.syn[1].min_ns, 1004 * MS);
	assert_int_equal(r.syn[1].max_ns, 1032 * MS);
	assert_in_range(r.end.min_ns, 63620 * MS, 63640 * MS);
	assert_in_range(r.end.max_ns, 65660 * MS, 65680 * MS);
	p = policy_of(6, 4);
	schedule_range(&p, &r);
	assert_in_range(r.end.min_ns, 133200 * MS, 133400 * MS);
	assert_in_range(r.end.max_ns, 135200 * MS, 135400 * MS);
}

/* schedule_range() walks only the phases that it needs: the same as walking all of them. */
static void ranges_cover_every_phase(void **state)
{
	static const struct policy policies[] = {
		{ .retries = 5, .rto_max_ms = 120000, .hz = 100 },
		{ .retries = 6, .linear = 4, .rto_max_ms = 120000, .hz = 1000 },
		{ .retries = 3, .linear = 2, .rto_max_ms = 3333, .hz = 300 },
		{ .retries = 2, .linear = 4, .rto_max_ms = 120000, .hz = 250, .rto_first_j = 3 },
		{ .retries = 6, .linear = 4, .rto_max_ms = 120000, .hz = 250, .user_timeout_ms = 12345 },
		{ .retries = 5, .rto_max_ms = 120000, .hz = 1000, .kernel = KERNEL_VERSION_OF(3, 10) },
	};
	struct schedule_range r;
	struct schedule s;
	int64_t ns, min[SCHEDULE_SYNS_MAX + 1], max[SCHEDULE_SYNS_MAX + 1];
	int i, k, n_min, n_max;
	uint64_t phase;

	for (i = 0; i < LEN(policies); i++) {
		memset(min, 0x7f, sizeof(min));
		memset(max, 0, sizeof(max));
		n_min = SCHEDULE_SYNS_MAX;
		n_max = 0;
		for (phase = 0; phase < 1 << 14; phase++) {
			schedule_exact(&policies[i], phase, &s);
			n_min = s.n < n_min ? s.n : n_min;
			n_max = s.n > n_max ? s.n : n_max;
			for (k = 0; k <= s.n; k++) {
				int at = k == s.n ? SCHEDULE_SYNS_MAX : k;

				ns = schedule_jiffies_ns(k == s.n ? s.end : s.syn[k], policies[i].hz);
				min[at] = ns < min[at] ? ns : min[at];
				max[at] = ns > max[at] ? ns : max[at];
			}
		}
		schedule_range(&policies[i], &r);
		assert_int_equal(r.n_min, n_min);
		assert_int_equal(r.n, n_max);
		for (k = 0; k < n_max; k++) {
			assert_int_equal(r.syn[k].min_ns, min[k]);
			assert_int_equal(r.syn[k].max_ns, max[k]);
		}
		assert_int_equal(r.end.min_ns, min[SCHEDULE_SYNS_MAX]);
		assert_int_equal(r.end.max_ns, max[SCHEDULE_SYNS_MAX]);
	}
}

/* TCP_USER_TIMEOUT never shortens the first RTO, and it takes the place of the time that `retries` stands for. */
static void user_timeout(void **state)
{
	static const int first[] = { 0, 250 }, longer[] = { 0, 250, 500, 750, 1000, 1250, 1750 };
	static const int by_count[] = { 0, 250, 750 };
	struct policy p = policy_of(5, 0);
	struct schedule s;

	p.user_timeout_ms = 1;
	schedule_nominal(&p, &s);
	expect_syns(&s, first, 2, 251, 1);
	assert_int_equal(s.limit, LIMIT_USER_TIMEOUT);
	p.user_timeout_ms = 2500;
	schedule_nominal(&p, &s);
	expect_syns(&s, first, 2, 625, 1);
	p.user_timeout_ms = 2501; /* rounded up to whole jiffies */
	schedule_nominal(&p, &s);
	expect_syns(&s, first, 2, 626, 1);
	p = policy_of(2, 4);
	p.user_timeout_ms = 60000;
	schedule_nominal(&p, &s);
	expect_syns(&s, longer, 7, 2750, 1);
	assert_int_equal(s.limit, LIMIT_SYN_RETRIES);
	p = policy_of(2, 0); /* the last wait was cut to it, although the count was reached too */
	p.user_timeout_ms = 6000;
	schedule_nominal(&p, &s);
	expect_syns(&s, by_count, 3, 1500, 1);
	assert_int_equal(s.limit, LIMIT_USER_TIMEOUT);
}

static void rto_max(void **state)
{
	static const int capped[] = { 0, 250, 506, 762, 1018, 1274 };
	struct policy p = policy_of(5, 0);
	struct schedule s;

	p.rto_max_ms = 1022; /* 255.5 jiffies; measured: the kernel takes 256 */
	schedule_nominal(&p, &s);
	expect_syns(&s, capped, 6, 1530, 1);
}

/* A lab made fast by BPF's TIMEOUT_INIT: the limit shrinks with it, and each timer takes a jiffy more. */
static void fast(void **state)
{
	static const int ideal[] = { 0, 3, 9, 21, 45, 93 }, real[] = { 0, 4, 11, 24, 49, 98 };
	struct policy p = policy_of(5, 0);
	struct schedule s;

	p.rto_first_j = 3;
	schedule_nominal(&p, &s);
	expect_syns(&s, ideal, 6, 189, 1);
	schedule_exact(&p, 0, &s);
	expect_syns(&s, real, 6, 200, 1);
	p.retries = 2;
	p.linear = 4;
	schedule_exact(&p, 0, &s);
	assert_int_equal(s.n, 6);
	p.rto_first_j = 2; /* measured: with 2 jiffies the time limit comes one SYN early */
	schedule_exact(&p, 0, &s);
	assert_int_equal(s.n, 5);
}

static void older_kernels(void **state)
{
	static const int before_3_1[] = { 0, 3, 9, 21, 45, 93 }, classic[] = { 0, 1, 3, 7, 15, 31 };
	static const int burst[] = { 0, 250, 625, 626, 627, 628 };
	static const struct {
		uint32_t kernel;
		int retries, linear;
	} defaults[] = {
		{ KERNEL_VERSION_OF(3, 0), 5, 0 }, { KERNEL_VERSION_OF(3, 6), 5, 0 }, { KERNEL_VERSION_OF(3, 7), 6, 0 },
		{ KERNEL_VERSION_OF(6, 4), 6, 0 }, { KERNEL_VERSION_OF(6, 5), 6, 4 }, { 0, 6, 4 },
	};
	struct schedule_range r;
	struct schedule s;
	struct policy p;
	int i;

	for (i = 0; i < LEN(defaults); i++) {
		policy_default(defaults[i].kernel, &p);
		assert_int_equal(p.retries, defaults[i].retries);
		assert_int_equal(p.linear, defaults[i].linear);
		assert_null(policy_invalid(&p));
	}
	policy_default(KERNEL_VERSION_OF(3, 0), &p);
	schedule_nominal(&p, &s);
	expect_syns(&s, before_3_1, 6, 189, 250);
	policy_default(KERNEL_VERSION_OF(3, 1), &p);
	schedule_nominal(&p, &s);
	expect_syns(&s, classic, 6, 63, 250);
	/* no wheel, but slack of 1/256: 250 jiffies on time, 8000 to the next multiple of 16 at least */
	schedule_exact(&p, 1, &s);
	assert_int_equal(s.syn[1], 250);
	assert_int_equal(s.syn[2], 751);
	schedule_range(&p, &r);
	assert_int_equal(r.syn[1].max_ns, 1 * S);
	assert_in_range(r.end.max_ns, 63 * S, 63 * S + 63 * S / 256);
	/* 4.18 knows no user timeout here; 4.19 to 5.3 send what is left in a burst; 5.4 ends by it */
	policy_default(KERNEL_VERSION_OF(4, 18), &p);
	p.retries = 5;
	p.user_timeout_ms = 2500;
	schedule_nominal(&p, &s);
	expect_syns(&s, classic, 6, 63, 250);
	p.kernel = KERNEL_VERSION_OF(5, 3);
	schedule_nominal(&p, &s);
	expect_syns(&s, burst, 6, 629, 1);
	assert_int_equal(s.limit, LIMIT_SYN_RETRIES);
	p.kernel = KERNEL_VERSION_OF(5, 4);
	schedule_nominal(&p, &s);
	expect_syns(&s, burst, 2, 625, 1);
	assert_int_equal(s.limit, LIMIT_USER_TIMEOUT);
}

static void extremes(void **state)
{
	struct policy p = policy_of(127, 127);
	struct schedule_range r;
	struct schedule s;

	p.hz = 1200;
	p.kernel = KERNEL_VERSION_OF(5, 3); /* no limit in time */
	schedule_nominal(&p, &s);
	assert_int_equal(s.n, SCHEDULE_SYNS_MAX);
	schedule_range(&p, &r);
	assert_true(r.n <= SCHEDULE_SYNS_MAX);
	assert_true(r.end.min_ns >= schedule_jiffies_ns(s.syn[SCHEDULE_SYNS_MAX - 2], p.hz));
	assert_int_equal(schedule_jiffies_ns(301, 300), 1003333333);
	assert_int_equal(schedule_jiffies_ns(302, 300), 1006666667);
}

static void synack(void **state)
{
	static const int five[] = { 0, 1, 3, 7, 15, 31 }, zero[] = { 0 };
	struct schedule_range r;
	struct schedule s;

	schedule_synack(5, 120000, 250, -1, &s);
	expect_syns(&s, five, 6, 63, 250);
	schedule_synack(0, 120000, 250, -1, &s);
	expect_syns(&s, zero, 1, 1, 250);
	schedule_synack(255, 120000, 250, -1, &s);
	assert_int_equal(s.n, SCHEDULE_SYNS_MAX);
	schedule_synack(5, 120000, 250, 0, &s);
	assert_int_equal(s.syn[1], 256);
	schedule_synack_range(5, 120000, 250, &r);
	assert_int_equal(r.syn[1].max_ns, 1032 * MS);
}

static void validation(void **state)
{
	struct policy good = policy_of(6, 4), p;

	assert_null(policy_invalid(&good));
#define REFUSED(field, value, word)                                \
	do {                                                       \
		p = good;                                          \
		p.field = (value);                                 \
		assert_non_null(policy_invalid(&p));               \
		assert_non_null(strstr(policy_invalid(&p), word)); \
	} while (0)
	REFUSED(retries, 0, "1 to 127");
	REFUSED(retries, 128, "1 to 127");
	REFUSED(linear, -1, "0 to 127");
	REFUSED(linear, 128, "linear");
	REFUSED(syncnt, 128, "TCP_SYNCNT");
	REFUSED(user_timeout_ms, -1, "TCP_USER_TIMEOUT");
	REFUSED(user_timeout_ms, 2147483648LL, "2147483647");
	REFUSED(rto_max_ms, 999, "1000 to 120000");
	REFUSED(rto_max_ms, 120001, "1000 to 120000");
	REFUSED(hz, 99, "100 to 1200");
	REFUSED(rto_first_j, 120 * 250 + 1, "first RTO");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nominal),	cmocka_unit_test(exact),
		cmocka_unit_test(ranges),	cmocka_unit_test(ranges_cover_every_phase),
		cmocka_unit_test(user_timeout), cmocka_unit_test(rto_max),
		cmocka_unit_test(fast),		cmocka_unit_test(older_kernels),
		cmocka_unit_test(extremes),	cmocka_unit_test(synack),
		cmocka_unit_test(validation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
