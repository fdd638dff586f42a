/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_WALK_CHECK_H
#define SYNSENT_TESTS_UNIT_WALK_CHECK_H

#include "tests/unit/walk_stream.h"

/* What a walk finds, checked against a reader of one record after the other. */

#define STREAM_MAX (8u << 20)

extern struct helper *helper; /* NULL: one processor */

/* For cmocka: what all of it needs. */
int set_up(void **state);
int tear_down(void **state);

/* Puts the bytes where reading behind them is seen; where they begin. */
const uint8_t *place(struct stream *st);

/* The lists that a walk fills. */
void set_lists(struct walk *w);

/* How many of the bytes that were placed are whole records, from the first on. */
size_t whole_len(const uint8_t *begin);

/* Walks all of it in windows of up to `window` bytes, each anything up to that. */
void check_stream(const struct walk *how, const uint8_t *from, int n_cursors, struct helper *by, size_t window,
		  uint64_t *random);

/* By one cursor up to all, with a helper and without, and by one that is told what is wanted. */
void check_cursors(const struct walk *how, const uint8_t *from, size_t window, uint64_t *random);

/* Places it, and walks it in all ways. */
void check_all(struct stream *st, uint64_t *random);

#endif
