/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What waits to be judged comes out as it went in, takes no more memory than it may, and none when it is empty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sources/trace_queue.h"

#define RECORD 400

static void make(unsigned int number, char to[RECORD], size_t *ret_len)
{
	memset(to, (int)(number & 0xff), RECORD);
	memcpy(to, &number, sizeof(number));
	*ret_len = sizeof(number) + number * 7919u % (RECORD - sizeof(number) + 1);
}

static void put(struct trace_queue *q, unsigned int number)
{
	char record[RECORD];
	size_t len;

	make(number, record, &len);
	assert_true(trace_queue_put(q, record, len));
}

static void take(struct trace_queue *q, unsigned int number)
{
	char wanted[RECORD];
	size_t len, got_len = 0;
	const void *got = trace_queue_take(q, &got_len);

	make(number, wanted, &len);
	assert_non_null(got);
	assert_int_equal(got_len, len);
	assert_memory_equal(got, wanted, len);
}

static void test_order(void **state)
{
	struct trace_queue q = { .max = 64 * TRACE_QUEUE_BLOCK };
	unsigned int in = 0, out = 0, i;
	size_t len;

	/* fills and empties, at several depths */
	for (i = 0; i < 2000; i++) {
		put(&q, in++);
		put(&q, in++);
		if (i % 3)
			take(&q, out++);
	}
	while (out < in)
		take(&q, out++);
	assert_null(trace_queue_take(&q, &len));
	assert_null(q.first);
	assert_int_equal(q.bytes, 0);
	put(&q, in);
	take(&q, in);
	trace_queue_free(&q);
}

static void test_full(void **state)
{
	struct trace_queue q = { .max = 3 * TRACE_QUEUE_BLOCK };
	static const char record[TRACE_QUEUE_RECORD_MAX + 1];
	int n = 0, taken = 0;
	size_t len;

	while (trace_queue_has_room(&q)) {
		assert_true(trace_queue_put(&q, record, TRACE_QUEUE_RECORD_MAX));
		n++;
	}
	/* what it says when it is full is true, and what is in it stays there */
	assert_false(trace_queue_put(&q, record, TRACE_QUEUE_RECORD_MAX));
	assert_in_range(q.bytes, 1, q.max);
	assert_in_range(n, 3 * 14, 3 * 16);
	while (trace_queue_take(&q, &len)) {
		assert_int_equal(len, TRACE_QUEUE_RECORD_MAX);
		taken++;
	}
	assert_int_equal(taken, n);
	assert_true(trace_queue_has_room(&q));
	assert_false(trace_queue_put(&q, record, sizeof(record)));
	assert_true(trace_queue_put(&q, record, 0));
	trace_queue_free(&q);
	assert_int_equal(q.bytes, 0);
}

static void test_too_little(void **state)
{
	struct trace_queue q = { .max = TRACE_QUEUE_BLOCK - 1 };

	assert_false(trace_queue_has_room(&q));
	assert_false(trace_queue_put(&q, "1", 1));
	assert_null(trace_queue_take(&q, &(size_t){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_too_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
