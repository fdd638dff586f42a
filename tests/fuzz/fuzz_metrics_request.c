/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "sinks/metrics_request.h"

/* What is said to the input when it comes in pieces of so many bytes, and in which format. */
static enum metrics_answer answer(const uint8_t *data, size_t size, size_t piece, enum openmetrics_format *ret_format,
				  bool *ret_head_only)
{
	enum metrics_answer a = METRICS_WAIT;
	struct metrics_request r;
	size_t at, n;

	metrics_request_init(&r);
	for (at = 0; at < size && a == METRICS_WAIT; at += n) {
		n = piece < size - at ? piece : size - at;
		a = metrics_request_feed(&r, bytes_of(data + at, n));
	}
	MUST(a >= METRICS_WAIT && a < METRICS_ANSWER_N && a != METRICS_FAILED);
	MUST(a != METRICS_WAIT || size <= METRICS_HEAD_MAX);
	*ret_format = metrics_accept_choice(&r.accept);
	*ret_head_only = metrics_request_head_only(&r);
	return a;
}

/* A field's value by itself: what is named later may only add. */
static void check_accept(const uint8_t *data, size_t size)
{
	struct metrics_accept a = { 0 }, before;
	char *value = malloc(size + 1);

	MUST(value);
	memcpy(value, data, size);
	value[size] = 0;
	metrics_accept_feed(&a, value, true);
	before = a;
	metrics_accept_feed(&a, value, false);
	MUST(a.openmetrics >= before.openmetrics && a.plain >= before.plain && a.any >= before.any);
	MUST(a.openmetrics <= 1001 && a.plain <= 1001 && a.any <= 1001);
	MUST(metrics_accept_choice(&a) < OPENMETRICS_FORMAT_N);
	free(value);
}

/* An input is what a client sends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 3, 64 };
	enum openmetrics_format whole_format, format;
	bool whole_head, head;
	enum metrics_answer whole = answer(data, size, size ? size : 1, &whole_format, &whole_head);
	size_t i;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		MUST(answer(data, size, pieces[i], &format, &head) == whole);
		MUST(format == whole_format && head == whole_head);
	}
	check_accept(data, size);
	return 0;
}
