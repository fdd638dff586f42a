/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_UNPACK_PIECES_H
#define SYNSENT_TESTS_UNIT_UNPACK_PIECES_H

#include "packed.h"
#include "util/bytes.h"

/* Decoding by pieces of any size. */

extern const struct pieces {
	size_t in, out;
} pieces[];

#define N_PIECES 5

struct result {
	struct buf out;
	int end;
	struct err err;
};

/* So many bytes at a time, at most. */
void unpack_by(enum packing p, struct bytes in, size_t in_at_once, size_t out_at_once, struct result *ret);
struct bytes all(const struct buf *b);
void expect(const struct result *r, const struct buf *content);

/* Other pieces in and out give the same bytes and the same end, to the letter. */
void expect_same(enum packing p, struct bytes in, size_t i, const struct result *whole);
void unpack_any_way(enum packing p, struct bytes in, struct result *ret);
void expect_end(enum packing p, const struct buf *packed, const struct buf *content, int end, const char *what);

#endif
