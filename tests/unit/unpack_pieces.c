/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unpack_pieces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sources/unpack_stream.h"

const struct pieces pieces[N_PIECES] = { { 1, 1 }, { 1, 5000 }, { 3, 7 }, { 1 << 20, 1 }, { 1000, 777 } };

struct source {
	struct bytes left;
	size_t at_once;
	unsigned calls;
};

static ssize_t give(void *from, void *to, size_t len, bool wait, struct err *e)
{
	struct source *s = from;
	size_t n = s->left.len < s->at_once ? s->left.len : s->at_once;

	if (!wait && s->calls++ % 2)
		return -EAGAIN;
	n = n < len ? n : len;
	bytes_copy(&s->left, to, n);
	return (ssize_t)n;
}

void unpack_by(enum packing p, struct bytes in, size_t in_at_once, size_t out_at_once, struct result *ret)
{
	struct source s = { .left = in, .at_once = in_at_once };
	struct unpack_stream *u = NULL;
	uint8_t *to = malloc(out_at_once);
	ssize_t n;

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(unpack_stream_new(p, NULL, 0, give, &s, &u, &ret->err), 0);
	while ((n = unpack_stream_read(u, to, out_at_once, &ret->err)) > 0) {
		assert_true((size_t)n <= out_at_once);
		buf_add(&ret->out, to, (size_t)n);
	}
	ret->end = (int)n;
	assert_true(!n || *ret->err.what);
	assert_int_equal(unpack_stream_read(u, to, out_at_once, &ret->err), n);
	unpack_stream_free(u);
	free(to);
}

struct bytes all(const struct buf *b)
{
	return bytes_of(buf_text(b), b->len);
}

void expect(const struct result *r, const struct buf *content)
{
	assert_int_equal(r->out.len, content->len);
	assert_memory_equal(buf_text(&r->out), buf_text(content), content->len);
}

void expect_same(enum packing p, struct bytes in, size_t i, const struct result *whole)
{
	struct result r;

	unpack_by(p, in, pieces[i % N_PIECES].in, pieces[i % N_PIECES].out, &r);
	expect(&r, &whole->out);
	assert_int_equal(r.end, whole->end);
	assert_string_equal(r.err.what, whole->err.what);
	buf_fini(&r.out);
}

void unpack_any_way(enum packing p, struct bytes in, struct result *ret)
{
	unpack_by(p, in, 1 << 20, 1 << 20, ret);
	for (size_t i = 0; i < N_PIECES; i++)
		expect_same(p, in, i, ret);
}

void expect_end(enum packing p, const struct buf *packed, const struct buf *content, int end, const char *what)
{
	struct result r;

	unpack_any_way(p, all(packed), &r);
	expect(&r, content);
	assert_int_equal(r.end, end);
	assert_string_equal(r.err.what, what);
	buf_fini(&r.out);
}
