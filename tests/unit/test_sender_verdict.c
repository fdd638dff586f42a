/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gave up, by the times of the SYNs alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/sender.h"
#include "core/verdict.h"
#include "tests/unit/some_syns.h"

static void attempt_of(const int64_t *syn_ns, int n, struct attempt *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->syn_ns, syn_ns, (size_t)n * sizeof(*syn_ns));
	ret->n_syns = n;
	ret->syns_seen = true;
	ret->syn_ttl = 64;
	ret->retransmits = -1;
	ret->observed_until_ns = syn_ns[n - 1] + 500 * S;
}

/* The judgement without words is the same as that with them, and never certain of who gave up. */
static void judge(const struct attempt *a, struct verdict *ret)
{
	static struct verdict w;

	memset(&w, 0x55, sizeof(w));
	verdict_make(a, ret);
	verdict_conclude(a, &w);
	assert_int_equal(w.outcome, ret->outcome);
	assert_int_equal(w.gave_up_by, ret->gave_up_by);
	assert_int_equal(w.limit, ret->limit);
	assert_int_equal(w.confidence, ret->confidence);
	assert_int_equal(w.error, ret->error);
	assert_int_equal(w.elapsed_ns, ret->elapsed_ns);
	assert_int_equal(w.n_evidence, 0);
	assert_string_equal(w.headline, "");
	assert_string_equal(w.advice, "");
	assert_int_not_equal(ret->confidence, CONFIDENCE_CERTAIN);
	assert_true(ret->headline[0]);
}

/* A kernel that went to the end of its schedule. */
static void complete(void **state)
{
	static const int rows[][2] = { { 6, 4 }, { 6, 0 }, { 5, 0 }, { 6, 1 }, { 6, 2 }, { 6, 3 }, { 6, 5 } };
	int64_t syn_ns[SCHEDULE_SYNS_MAX];
	static struct attempt a;
	static struct verdict v;
	int i, n;

	for (i = 0; i < 6000; i++) {
		const int *row = rows[i % LEN(rows)];

		n = kernel_syns(hzs[rnd(4)], row[0], row[1], syn_ns, NULL);
		attempt_of(syn_ns, n, &a);
		judge(&a, &v);
		assert_int_equal(v.outcome, OUTCOME_TIMED_OUT);
		assert_int_equal(v.gave_up_by, GAVE_UP_KERNEL);
		assert_int_equal(v.limit, LIMIT_SYN_RETRIES);
		assert_int_equal(v.error, ETIMEDOUT);
		assert_int_equal(v.elapsed_ns, syn_ns[n - 1] - syn_ns[0]);
		assert_non_null(strstr(v.headline, "consistent with Linux"));
	}
}

/* An application that left after `timer_ns`: only where a default's count was reached can it be taken for the kernel.
 */
static void left_early(void **state)
{
	int64_t syn_ns[SCHEDULE_SYNS_MAX], timer_ns, end_ns;
	static struct attempt a;
	static struct verdict v;
	int i, n, all, linear;

	for (i = 0; i < 20000; i++) {
		linear = rnd(2) ? 4 : 0;
		all = kernel_syns(hzs[rnd(4)], 6, linear, syn_ns, &end_ns);
		timer_ns = (int64_t)rnd((uint64_t)(syn_ns[all - 1] - syn_ns[0]));
		for (n = 1; n < all && syn_ns[n] - syn_ns[0] <= timer_ns; n++)
			;
		attempt_of(syn_ns, n, &a);
		judge(&a, &v);
		if (!linear && n == 6) {
			assert_int_equal(v.outcome, OUTCOME_TIMED_OUT);
			continue;
		}
		assert_int_equal(v.outcome, OUTCOME_ABANDONED);
		assert_int_equal(v.gave_up_by, GAVE_UP_APPLICATION);
		assert_int_equal(v.confidence, CONFIDENCE_LIKELY);
		assert_true(v.elapsed_ns <= timer_ns);
	}
}

/* The checker's own attempts: seven SYNs are the kernel's end, up to four the application's; also where the capture
 * ends 1 s after the next SYN was due, which nobody can tell of two SYNs alone. */
static void generated(void **state)
{
	int64_t syn_ns[7], next;
	static struct attempt a;
	static struct verdict v;
	int i, n;

	for (i = 0; i < 40000; i++) {
		bool linear = rnd(2), timeout = rnd(2);

		n = late_syns(timeout ? 7 : 1 + (int)rnd(4), linear, syn_ns);
		attempt_of(syn_ns, n, &a);
		next = linear && n <= 5 ? S : S << (n - 1 - 4 * linear);
		if (n != 2 || !linear)
			a.observed_until_ns = syn_ns[n - 1] + next + 1040 * MS + (int64_t)rnd(500 * MS);
		judge(&a, &v);
		if (timeout && linear && sender_wheel(syn_ns, 7, 1000, 4))
			continue;
		assert_int_equal(v.gave_up_by, timeout ? GAVE_UP_KERNEL : GAVE_UP_APPLICATION);
		assert_int_equal(v.outcome, timeout ? OUTCOME_TIMED_OUT : OUTCOME_ABANDONED);
	}
}

/* While the next SYN may still come, nobody has given up. */
static void still_waiting(void **state)
{
	int64_t syn_ns[SCHEDULE_SYNS_MAX];
	static struct attempt a;
	static struct verdict v;
	int i, n, all;

	for (i = 0; i < 4000; i++) {
		all = kernel_syns(hzs[rnd(4)], 6, rnd(2) ? 4 : 0, syn_ns, NULL);
		n = 1 + (int)rnd((uint64_t)all - 1);
		attempt_of(syn_ns, n, &a);
		a.observed_until_ns = syn_ns[n] - 1;
		judge(&a, &v);
		/* but that a bucket of the wheel may be wider than the rule of thumb allows for */
		if (v.outcome != OUTCOME_PENDING)
			assert_true(n > 2 && syn_ns[n] - syn_ns[n - 1] > 2 * (syn_ns[n - 1] - syn_ns[n - 2]));
	}
}

/* Anything at all: no crash, nothing certain, and both judgements agree. */
static void anything(void **state)
{
	static struct attempt a;
	static struct verdict v;
	int64_t syn_ns[40];
	int i, k, n;

	for (i = 0; i < 30000; i++) {
		n = 1 + (int)rnd(40);
		syn_ns[0] = START;
		for (k = 1; k < n; k++)
			syn_ns[k] = syn_ns[k - 1] + (int64_t)rnd(5 * S) - S;
		attempt_of(syn_ns, n, &a);
		a.syn_ttl = (uint8_t)rnd(256);
		a.observed_until_ns = syn_ns[n - 1] + (int64_t)rnd(200 * S) - S;
		judge(&a, &v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete),	 cmocka_unit_test(left_early), cmocka_unit_test(generated),
		cmocka_unit_test(still_waiting), cmocka_unit_test(anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
