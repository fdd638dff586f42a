/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of an attempt that two captures have, where one does not tell all, and its story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/unit/pairing_lines.h"

/* All that the server's capture would have had came after its end. */
static void test_ends(void **state)
{
	static const struct line lines[] = {
		{ 's', 500, SYN, 'z', 57, 77 }, { 'c', 1000, SYN, 'a', 64, 0 }, { 'c', 2000, SYN, 'b', 64, 0 }, END
	};
	struct result *got = play(lines, true);

	(void)state;
	assert_int_equal(got->r.sort, PAIR_UNCOVERED);
	assert_int_equal(got->r.counts[PAIRING_SYN].fate[FATE_DIED], 0);
	assert_int_equal(got->r.counts[PAIRING_SYN].fate[FATE_UNCOVERED], 2);
	assert_false(pair_is_notable(&got->r));
	assert_string_equal(got->w.headline, "only at the client's side: the other capture did not run then");
	free(got);
}

/* The same, but that the server's capture is too small to show when it ran. */
static void test_quiet(void **state)
{
	static const struct line lines[] = { { 'c', 100000, SYN, 'a', 64, 0 }, { 'c', 101000, SYN, 'b', 64, 0 }, END };
	struct result *got = play(lines, false);

	(void)state;
	assert_string_equal(got->w.headline,
			    "SYN 0 and 1 are not in the server's capture, which may not have run then");
	assert_true(has_evidence(&got->w, "it may not have run then"));
	assert_int_equal(got->r.confidence, CONFIDENCE_UNKNOWN);
	assert_int_equal(got->story.rows[1].lost, DROP_NONE);
	assert_true(got->story.rows[1].unseen);
	assert_string_equal(got->story.rows[1].note, "not in the server's capture");
	assert_int_equal(got->story.n_causes, 0);
	free(got);
}

#define NO_SYN " not in the server's capture"
#define NO_ANSWER "the server's SYN-ACKs (2) are not in the client's capture"

static const struct unsure {
	const char *headline;
	bool by_address, server_holes, client_holes, client_taken, answers;
} unsure[] = {
	{ "SYN 0 to 2 are" NO_SYN ", which has no attempt to that port", .by_address = true },
	{ "SYN 0 to 2 are" NO_SYN ", which lacks others that passed it", .server_holes = true },
	{ NO_ANSWER ", which lacks others that passed it", .client_holes = true, .answers = true },
	{ NO_ANSWER ", which may not have run then", .client_taken = true, .answers = true },
	/* it is the other way that is not sure */
	{ "SYN 0 to 2 died on the way to the server, likely", .client_holes = true },
	{ "the server's SYN-ACKs (2) died on the way back, likely", .server_holes = true, .answers = true },
};

/* Where the verdict is not known the headline tells what a capture lacks, and why that may be. */
static void test_unsure(void **state)
{
	static const struct line syns[] = {
		{ 'c', 0, SYN, 'a', 64, 0 }, { 'c', 1000, SYN, 'b', 64, 0 }, { 'c', 3000, SYN, 'c', 64, 0 }, END
	};
	static const struct line answers[] = { { 'c', 0, SYN, 'a', 64, 0 },
					       { 's', 3, SYN, 'a', 57, 0 },
					       { 's', 3, SYN_ACK, 'b', 64, 0 },
					       { 's', 1003, SYN_ACK, 'c', 64, 0 },
					       END };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(unsure) / sizeof(unsure[0]); i++) {
		struct result *got = play(unsure[i].answers ? answers : syns, false);

		got->r.confidence = CONFIDENCE_UNKNOWN;
		got->r.by_address = unsure[i].by_address;
		got->r.server_holes = unsure[i].server_holes;
		got->r.client_holes = unsure[i].client_holes;
		got->r.client_taken = unsure[i].client_taken;
		pair_words(&got->r, &got->w);
		assert_string_equal(got->w.headline, unsure[i].headline);
		free(got);
	}
}

/* Only how many died is known. */
static void test_unsure_which(void **state)
{
	static const struct line lines[] = {
		{ 'c', 0, SYN, 'a', 64, 0 },	{ 'c', 1000, SYN, 'b', 64, 0 },	    { 'c', 3000, SYN, 'c', 64, 0 },
		{ 's', 3003, SYN, 'c', 57, 0 }, { 's', 3003, SYN_ACK, 'd', 64, 0 }, { 'c', 3007, SYN_ACK, 'd', 57, 0 },
		{ 'c', 3007, ACK, 'e', 64, 0 }, { 's', 3010, ACK, 'e', 57, 0 },	    END
	};
	struct result *got = play(lines, false);

	(void)state;
	got->r.confidence = CONFIDENCE_UNKNOWN;
	got->r.by_order = true;
	pair_words(&got->r, &got->w);
	assert_string_equal(got->w.headline,
			    "2 of the client's 3 SYNs are not in the server's capture, and which of them is not known");
	free(got);
}

/* A SYN-ACK of which it is not known whether the server sent it. */
static void test_unsure_foreign(void **state)
{
	static const struct line lines[] = {
		{ 'c', 0, SYN, 'a', 64, 0 }, { 'c', 7, SYN_ACK, 'b', 63, 0 }, { 'c', 7, ACK, 'c', 64, 0 }, END
	};
	struct result *got = play(lines, false);

	(void)state;
	got->r.confidence = CONFIDENCE_UNKNOWN;
	got->r.answer_unsure = true;
	pair_words(&got->r, &got->w);
	assert_string_equal(got->w.headline, "the SYN-ACK that the client got (TTL 63) is not in the server's capture, "
					     "which has no answer of that server to compare with");
	assert_true(has_evidence(&got->w, "this may be one of them"));
	assert_false(has_evidence(&got->w, "never sent"));
	free(got);
}

/* What is not compared is not seen to arrive, but where the receiver's side is the one that has it. */
static void test_uncompared(void **state)
{
	static const struct line lines[] = { { 's', 500, SYN, 'z', 57, 77 },
					     { 'c', 1000, SYN, 'a', 64, 0 },
					     { 'c', 1007, SYN_ACK, 'b', 57, 0 },
					     { 'c', 1007, ACK, 'c', 64, 0 },
					     END };
	struct result *got = play(lines, true);
	const struct story *s = &got->story;
	int i;

	(void)state;
	assert_int_equal(got->r.sort, PAIR_UNCOVERED);
	assert_int_equal(s->n, 4);
	for (i = 1; i < s->n; i++)
		assert_string_equal(s->rows[i].note, "not compared");
	assert_true(s->rows[1].unseen);
	assert_false(s->rows[2].unseen);
	assert_string_equal(s->rows[2].client_state, "ESTABLISHED");
	assert_true(s->rows[3].unseen);
	assert_string_equal(s->rows[3].server_state, "");
	free(got);
}

static void test_story(void **state)
{
	static const struct line lines[] = { { 'c', 0, SYN, 'a', 64, 0 }, HANDSHAKE(1000, 'b', 'c', 'd'), END };
	struct result *got = play(lines, false);
	const struct story *s = &got->story;

	(void)state;
	assert_int_equal(s->n, 5);
	assert_string_equal(s->rows[1].label, "SYN 0");
	assert_int_equal(s->rows[1].lost, DROP_PATH_OR_PEER);
	assert_string_equal(s->rows[2].label, "SYN 1");
	assert_int_equal(s->rows[2].gap_ns, S);
	assert_int_equal(s->rows[2].lost, DROP_NONE);
	assert_string_equal(s->rows[2].note, "3.50 ms");
	assert_true(s->rows[3].from_server);
	assert_string_equal(s->rows[3].client_state, "ESTABLISHED");
	assert_string_equal(s->rows[4].server_state, "ESTABLISHED");
	assert_int_equal(s->n_causes, 1);
	assert_int_equal(s->causes[0].packets, 1);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),	       cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_unsure),	       cmocka_unit_test(test_unsure_which),
		cmocka_unit_test(test_unsure_foreign), cmocka_unit_test(test_uncompared),
		cmocka_unit_test(test_story),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
