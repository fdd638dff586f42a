/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the BPF programs only count is told as often as it happened, and as if each had been told by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/digest.h"
#include "sources/trace_attempt.h"
#include "sources/trace_plain.h"
#include "tests/unit/random.h"

#define US ((uint64_t)1000)
#define S ((uint64_t)1000000000)

static uint64_t tags[WATCH_PLAINS];
static struct watch_plain kinds[WATCH_PLAINS];
static struct trace_plain *plain;

static struct {
	int calls;
	uint64_t n;
	struct watch_attempt w; /* of the last call */
} told;

static void on_kind(const struct watch_attempt *w, uint64_t n, void *user)
{
	told.calls++;
	told.n += n;
	told.w = *w;
}

static void read_all(void)
{
	memset(&told, 0, sizeof(told));
	trace_plain_read(plain, tags, kinds, on_kind, NULL);
}

/* By the definition of union watch_plain_key, time. */
static uint16_t class_of(uint64_t us)
{
	unsigned int log = 0;

	while (us >> (log + 1))
		log++;
	return (uint16_t)(log * 8 + (log < 3 ? 0 : ((us - ((uint64_t)1 << log)) * 8) >> log));
}

static struct watch_plain *add_kind(int i, uint8_t how, uint64_t us)
{
	struct watch_plain *p = &kinds[i];

	*p = (struct watch_plain){ .key = { { .server = { { 10, 0, 0, 2 } },
					      .server_port = 443,
					      .family = 4,
					      .how = how,
					      .time = class_of(us),
					      .comm = "curl" } } };
	tags[i] = 1;
	return p;
}

static void count_one(struct watch_plain *p, uint64_t took_ns, uint64_t end_ns)
{
	p->n++;
	p->took_ns += took_ns;
	p->last_ns = end_ns;
}

static int set_up(void **test)
{
	memset(tags, 0, sizeof(tags));
	memset(kinds, 0, sizeof(kinds));
	plain = trace_plain_new();
	return !plain;
}

static int tear_down(void **test)
{
	trace_plain_free(plain);
	return 0;
}

static void told_once(void **test)
{
	struct watch_plain *p;

	read_all();
	assert_int_equal(told.calls, 0);
	p = add_kind(7, WATCH_CONNECTED, 70);
	read_all();
	assert_int_equal(told.calls, 0);
	count_one(p, 70 * US, S);
	read_all();
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.w.end_ns, S);
	assert_int_equal(told.w.end_ns - told.w.start_ns, 70 * US);
	read_all();
	assert_int_equal(told.calls, 0);
	count_one(p, 71 * US, 2 * S);
	count_one(p, 67 * US, 3 * S);
	read_all();
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.n, 2);
	assert_int_equal(told.w.end_ns, 3 * S);
	assert_int_equal(told.w.end_ns - told.w.start_ns, 69 * US);
	assert_string_equal(told.w.comm, "curl");
}

/* Another CPU has taken a place, and has not filled it in. */
static void half_written(void **test)
{
	tags[3] = 1;
	read_all();
	assert_int_equal(told.calls, 0);
}

/* A CPU has added to the sum, and not to the number yet. */
static void sum_ahead(void **test)
{
	struct watch_plain *p = add_kind(0, WATCH_CONNECTED, 1000);

	count_one(p, 1000 * US, S);
	p->took_ns += 1000 * US;
	read_all();
	assert_int_equal(told.n, 1);
	assert_in_range(told.w.end_ns - told.w.start_ns, 960 * US, 1024 * US);
	count_one(p, 0, S);
	read_all();
	assert_int_equal(told.n, 1);
	assert_in_range(told.w.end_ns - told.w.start_ns, 960 * US, 1024 * US);
}

/* Whatever a class holds is told as it was. */
static void classes(void **test)
{
	static const uint64_t us[] = { 0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 255, 1000, 999999, 130000000, 4000000000u };
	uint64_t seed = 1;
	size_t i;
	int k;

	for (i = 0; i < sizeof(us) / sizeof(us[0]); i++) {
		for (k = 0; k < 3; k++) {
			uint64_t ns = us[i] * US + random_below(&seed, 1000);

			tear_down(test);
			set_up(test);
			count_one(add_kind(0, WATCH_CONNECTED, us[i]), ns, 5000 * S);
			read_all();
			assert_int_equal(told.w.end_ns - told.w.start_ns, ns);
		}
	}
}

static const char *no_name(uint32_t reason, void *user)
{
	return "";
}

static const char *no_function(uint64_t location, void *user)
{
	return "";
}

static struct digest judge(const struct watch_attempt *w)
{
	static const struct trace_frame frame = {
		.jiffies = { .hz = 250 }, .kernel = KERNEL_VERSION_OF(6, 12), .reason = no_name, .function = no_function
	};
	static struct attempt a;
	struct digest d;
	struct verdict v;

	trace_attempt(w, NULL, &frame, &a);
	verdict_conclude(&a, &v);
	digest_make(&a, &v, &d);
	return d;
}

/* The record of the same attempt, as the programs send it when it is not only counted. */
static struct watch_attempt record(uint8_t how)
{
	struct watch_attempt w = { .socket = 0xffff888012345678,
				   .cookie = 77,
				   .start_ns = S,
				   .end_ns = S + 70 * US,
				   .jiffies = 26000,
				   .cgroup = 4242,
				   .cgroup_known = 1,
				   .netns = 4026531840u,
				   .uid = 1000,
				   .isn = 0x12345678,
				   .pid = 812,
				   .retries = 6,
				   .linear = 4,
				   .how = how,
				   .segs_in = 1,
				   .flow = { .client = { { 10, 0, 0, 1 } },
					     .server = { { 10, 0, 0, 2 } },
					     .client_port = 40000,
					     .server_port = 443,
					     .family = 4 },
				   .comm = "curl" };

	if (how == WATCH_CONNECTED)
		return w;
	w.by = WATCH_KERNEL;
	w.error = ECONNREFUSED;
	w.reset_ns = w.end_ns - US;
	w.timer = WATCH_TIMER_WAITED;
	return w;
}

static void judged_alike(void **test)
{
	static const uint8_t how[] = { WATCH_CONNECTED, WATCH_ENDED };
	static const enum outcome outcomes[] = { OUTCOME_ESTABLISHED, OUTCOME_REFUSED };
	int i;

	for (i = 0; i < 2; i++) {
		struct watch_attempt w = record(how[i]);
		struct digest one = judge(&w), counted;

		count_one(add_kind(i, how[i], 70), 70 * US, w.end_ns);
		read_all();
		counted = judge(&told.w);
		assert_int_equal(one.outcome, outcomes[i]);
		assert_int_equal(counted.outcome, one.outcome);
		assert_int_equal(counted.gave_up_by, one.gave_up_by);
		assert_int_equal(counted.limit, one.limit);
		assert_int_equal(counted.confidence, one.confidence);
		assert_int_equal(counted.answer, one.answer);
		assert_int_equal(counted.n_syns, one.n_syns);
		assert_int_equal(counted.n_synacks, one.n_synacks);
		assert_int_equal(counted.half_open, one.half_open);
		assert_int_equal(counted.start_ns, one.start_ns);
		assert_int_equal(counted.elapsed_ns, one.elapsed_ns);
		assert_memory_equal(&counted.flow.server, &one.flow.server, sizeof(one.flow.server));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(half_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sum_ahead, set_up, tear_down),
		cmocka_unit_test_setup_teardown(classes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(judged_alike, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
