/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "core/expect.h"
#include "util/duration.h"

#define START 1767323045000000006

static void fill(struct tried t[3])
{
	static const struct endpoint servers[2] = { { { 4, { 198, 18, 0, 1 } }, 80 },
						    { { 6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, 443 } };
	uint32_t i;

	for (i = 0; i < 3; i++) {
		t[i] = (struct tried){ .number = i + 1,
				       .logical = i == 1 ? 1 : i + 1,
				       .decides = i > 0,
				       .name = "db.internal",
				       .comm = "curl",
				       .start_ns = START + i * NS_PER_S,
				       .end_ns = START + 3 * NS_PER_S + i,
				       .outcome = i ? OUTCOME_ESTABLISHED : OUTCOME_ABANDONED,
				       .gave_up_by = i ? GAVE_UP_NOBODY : GAVE_UP_APPLICATION,
				       .confidence = CONFIDENCE_CERTAIN,
				       .error = i ? 0 : ETIMEDOUT,
				       .n_syns = (int)i };
		t[i].flow.server = servers[i % 2];
	}
}

/* Whatever is run, each row is there, and says the same of a clause that is written as it is told. */
static void check_run(const struct expect *x, const struct expect_run *run)
{
	struct expect_row rows[EXPECT_MAX], again;
	struct expect one;
	int i, failed = expect_judge(x, run, rows), seen = 0;

	for (i = 0; i < x->n; i++) {
		seen += !rows[i].held;
		MUST(rows[i].expected[0] && rows[i].actual[0]);
		MUST(!rows[i].nothing || !rows[i].held);
		memset(&one, 0, sizeof(one));
		MUST(!expect_add(&one, rows[i].clause, NULL) && one.n == 1);
		MUST(expect_judge(&one, run, &again) == !rows[i].held);
		MUST(!strcmp(again.actual, rows[i].actual) && !strcmp(again.expected, rows[i].expected));
	}
	MUST(seen == failed);
}

/* Of one connect either a clause holds or its contrary. */
static void check_contrary(const struct expect *x, const struct expect_run *run)
{
	struct expect_row rows[EXPECT_MAX];
	struct expect contrary = *x;
	static const enum expect_op ops[EXPECT_OP_N] = { EXPECT_NE, EXPECT_EQ, EXPECT_GE,
							 EXPECT_GT, EXPECT_LE, EXPECT_LT };
	int i;

	for (i = 0; i < x->n; i++)
		contrary.clauses[i].op = ops[x->clauses[i].op];
	MUST(expect_judge(x, run, rows) + expect_judge(&contrary, run, rows) == x->n);
}

/* An input is a file of expressions: one per line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expect *x = calloc(1, sizeof(*x));
	const char *at = (const char *)data, *end = at + size, *eol;
	struct err e = { 0 };
	struct tried t[3];
	char *line;
	int before;

	MUST(x);
	for (; at < end; at = eol ? eol + 1 : end) {
		eol = memchr(at, '\n', (size_t)(end - at));
		line = strndup(at, (size_t)((eol ? eol : end) - at));
		MUST(line);
		before = x->n;
		if (expect_add(x, line, &e))
			MUST(x->n == before && e.what[0] && e.exit_code == 2);
		free(line);
	}
	fill(t);
	check_run(x, &(struct expect_run){ .tried = t, .n = 3, .exit_status = 28 });
	check_run(x, &(struct expect_run){ .exit_status = -1, .exit_signal = 9 });
	check_contrary(x, &(struct expect_run){ .tried = t, .n = 2, .exit_status = 0 });
	free(x);
	return 0;
}
