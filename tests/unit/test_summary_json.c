/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows and members of what is said of a summary, all that there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/golden.h"
#include "tests/unit/summary_shown.h"

static size_t lines_of(const char *text)
{
	size_t n = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		n++;
		text++;
	}
	return n;
}

static void all_rows_are_given(void **test)
{
	const struct summary_look look = { 0 };
	struct summary_facts f;
	struct summary *s;
	struct buf b = { 0 };

	play("web", &s, &f);
	summary_table(s, BY_CLIENT, 0, &look, &b);
	assert_int_equal(lines_of(buf_text(&b)), 1 + top_n(summary_clients(s)));
	assert_null(strstr(buf_text(&b), "more"));
	buf_reset(&b);
	summary_table_json(s, BY_CLIENT, 0, &b);
	assert_int_equal(lines_of(buf_text(&b)), top_n(summary_clients(s)));
	buf_reset(&b);
	summary_table_json(s, BY_SERVER, 3, &b);
	assert_int_equal(lines_of(buf_text(&b)), 3);
	buf_fini(&b);
	summary_free(s);
}

/* The value at a path of keys. */
static json_t *at(json_t *j, const char *a, const char *b, const char *c)
{
	j = json_object_get(j, a);
	j = b ? json_object_get(j, b) : j;
	return c ? json_object_get(j, c) : j;
}

static int64_t sum_of(json_t *array, const char *key)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		json_t *e = json_array_get(array, i);

		sum += json_integer_value(key ? json_object_get(e, key) : e);
	}
	return sum;
}

static void json_has_all(void **test)
{
	struct summary_facts f;
	struct summary *s;
	struct buf b = { 0 };
	struct summary_counts c;
	const char *key;
	json_t *j, *v;
	uint64_t sum = 0;

	play("web", &s, &f);
	summary_counts(s, &c);
	summary_json(s, &f, &b);
	assert_int_equal(lines_of(buf_text(&b)), 1);
	compare("web", ".json", &b);
	j = parse(buf_text(&b));
	assert_string_equal(json_string_value(at(j, "event", "start", NULL)), "2026-03-14T17:00:02.118000000Z");
	assert_int_equal(json_integer_value(at(j, "synsent", "attempts", NULL)), c.attempts);
	json_object_foreach(at(j, "synsent", "outcomes", NULL), key, v) sum += (uint64_t)json_integer_value(v);
	assert_int_equal(sum, c.attempts);
	assert_int_equal(json_object_size(at(j, "synsent", "outcomes", NULL)), OUTCOME_N - 1);
	assert_int_equal(sum_of(at(j, "synsent", "connect", "bands"), "attempts"), c.outcomes[OUTCOME_ESTABLISHED]);
	assert_int_equal(sum_of(at(j, "synsent", "failures_over_time", "failures"), NULL), c.failures);
	assert_int_equal(json_integer_value(json_object_get(at(j, "synsent", "syns", "failed"), "6")), 140);
	v = json_array_get(at(j, "synsent", "servers", NULL), 0);
	assert_string_equal(json_string_value(at(v, "server", "address", NULL)), "198.18.227.36");
	assert_int_equal(json_integer_value(at(v, "server", "port", NULL)), 443);
	assert_int_equal(json_integer_value(at(v, "synsent", "failures", NULL)), 140);
	assert_null(at(v, "synsent", "at_least", NULL));
	assert_int_equal(json_array_size(at(j, "synsent", "clients", NULL)), 20);
	json_decref(j);
	buf_fini(&b);
	summary_free(s);
}

static void json_says_at_least(void **test)
{
	struct summary_facts f;
	struct summary *s;
	struct buf b = { 0 };
	json_t *j;

	play("flood", &s, &f);
	summary_table_json(s, BY_CLIENT, 1, &b);
	j = parse(buf_text(&b));
	assert_true(json_is_true(at(j, "synsent", "at_least", NULL)));
	assert_non_null(at(j, "client", "address", NULL));
	assert_null(at(j, "client", "port", NULL));
	json_decref(j);
	buf_reset(&b);
	summary_table_json(s, BY_MINUTE, 0, &b);
	j = parse(buf_text(&b));
	assert_string_equal(json_string_value(at(j, "event", "start", NULL)), "2026-03-14T17:00:00.000000000Z");
	assert_int_equal(json_integer_value(at(j, "event", "duration", NULL)), 60 * S);
	json_decref(j);
	buf_reset(&b);
	summary_table_json(s, BY_OUTCOME, 0, &b);
	j = parse(buf_text(&b));
	assert_string_equal(json_string_value(at(j, "synsent", "outcome", NULL)), "unanswered");
	assert_int_equal(json_integer_value(at(j, "synsent", "attempts", NULL)), 200000);
	json_decref(j);
	buf_fini(&b);
	summary_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_rows_are_given),
		cmocka_unit_test(json_has_all),
		cmocka_unit_test(json_says_at_least),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
