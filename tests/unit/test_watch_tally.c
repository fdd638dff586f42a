/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts by the name of their process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/watch_tally.h"
#include "tests/unit/random.h"

#define MORE 500 /* names beyond those that there is room for */

static void feed(struct watch_tally *t, const char *name, int attempts, int failures)
{
	char comm[16] = { 0 };
	int i;

	memcpy(comm, name, strnlen(name, sizeof(comm)));
	for (i = 0; i < attempts; i++)
		watch_tally_feed(t, comm, i < failures, 1);
}

static void the_worst_come_first(void **test)
{
	struct watch_tally *t = watch_tally_new();
	struct watch_summary_process p[8];
	uint64_t others = 99;

	assert_non_null(t);
	assert_int_equal(watch_tally_worst(t, p, 8, &others), 0);
	assert_int_equal(others, 0);
	feed(t, "curl", 10, 0);
	feed(t, "nginx", 5, 3);
	feed(t, "wget", 7, 3);
	feed(t, "chronyd", 1, 1);
	feed(t, "", 2, 0);
	feed(t, "sixteen-bytes-xx", 10, 0); /* as long as the room, without a NUL */
	assert_int_equal(watch_tally_worst(t, p, 8, &others), 6);
	assert_int_equal(others, 0);
	assert_string_equal(p[0].name, "wget");
	assert_int_equal(p[0].attempts, 7);
	assert_int_equal(p[0].failures, 3);
	assert_string_equal(p[1].name, "nginx");
	assert_string_equal(p[2].name, "chronyd");
	/* as many of both: by name */
	assert_string_equal(p[3].name, "curl");
	assert_string_equal(p[4].name, "sixteen-bytes-xx");
	assert_string_equal(p[5].name, "(not known)");
	/* fewer than there are */
	assert_int_equal(watch_tally_worst(t, p, 2, &others), 2);
	assert_string_equal(p[1].name, "nginx");
	assert_int_equal(others, 4);
	watch_tally_free(t);
	watch_tally_free(NULL);
}

/* Each is counted once, whatever the order; those that find no room are others. */
static void many_names(void **test)
{
	struct watch_tally *t = watch_tally_new();
	static struct watch_summary_process p[WATCH_TALLY_MAX + 1];
	static uint64_t expected[WATCH_TALLY_MAX];
	uint64_t state = 7, others;
	char comm[24];
	int n, i;

	assert_non_null(t);
	for (n = 0; n < WATCH_TALLY_MAX; n++) {
		snprintf(comm, sizeof(comm), "worker/%d", n);
		feed(t, comm, 1, 0);
		expected[n] = 1;
	}
	for (i = 0; i < 100000; i++) {
		n = (int)random_below(&state, WATCH_TALLY_MAX + MORE);
		snprintf(comm, sizeof(comm), "worker/%d", n);
		feed(t, comm, 1, 0);
		if (n < WATCH_TALLY_MAX)
			expected[n]++;
	}
	assert_int_equal(watch_tally_worst(t, p, WATCH_TALLY_MAX + 1, &others), WATCH_TALLY_MAX);
	assert_int_equal(others, 1); /* at least */
	for (i = 0; i < WATCH_TALLY_MAX; i++) {
		assert_int_equal(sscanf(p[i].name, "worker/%d", &n), 1);
		assert_int_equal(p[i].attempts, expected[n]);
		expected[n] = 0; /* and not twice */
		if (i)
			assert_true(p[i].attempts <= p[i - 1].attempts);
	}
	watch_tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_come_first),
		cmocka_unit_test(many_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
