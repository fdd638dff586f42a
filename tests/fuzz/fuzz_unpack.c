/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte 0: the format; byte 1: how the input is cut into reads, and the output;
 * then the compressed bytes.  The same comes out in one piece and cut.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "sources/unpack_stream.h"
#include "util/bytes.h"

#define OUTPUT_MAX (1 << 20)

struct cut {
	struct bytes left;
	size_t at_once;
	unsigned calls;
};

static ssize_t give(void *from, void *to, size_t len, bool wait, struct err *e)
{
	struct cut *c = from;
	size_t n = c->left.len < c->at_once ? c->left.len : c->at_once;

	if (!wait && c->calls++ % 3 == 0)
		return -EAGAIN;
	n = n < len ? n : len;
	MUST(bytes_copy(&c->left, to, n));
	return (ssize_t)n;
}

struct result {
	uint8_t bytes[OUTPUT_MAX];
	size_t len;
	ssize_t end; /* 1: OUTPUT_MAX is reached */
	struct err err;
};

static void unpack(enum packing p, struct bytes head, struct cut *c, size_t at_once, struct result *ret)
{
	struct unpack_stream *s;
	struct err again;
	ssize_t n = 1;

	ret->len = 0;
	memset(&ret->err, 0, sizeof(ret->err));
	MUST(!unpack_stream_new(p, head.p, head.len, give, c, &s, &ret->err));
	while (ret->len < OUTPUT_MAX && n > 0) {
		size_t want = OUTPUT_MAX - ret->len < at_once ? OUTPUT_MAX - ret->len : at_once;

		n = unpack_stream_read(s, ret->bytes + ret->len, want, &ret->err);
		MUST(n <= (ssize_t)want);
		ret->len += n > 0 ? (size_t)n : 0;
	}
	ret->end = n;
	if (n <= 0)
		MUST(unpack_stream_read(s, &again, 1, &again) == n);
	MUST(n >= 0 || *ret->err.what);
	unpack_stream_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum packing formats[] = { PACKING_GZIP, PACKING_ZSTD, PACKING_LZ4 };
	static struct result whole, cut;
	struct bytes b = bytes_of(data, size);
	struct cut none = { .left = bytes_of("", 0) }, c;
	uint8_t format, how;

	if (!bytes_u8(&b, &format) || !bytes_u8(&b, &how))
		return 0;
	format %= 3;
	unpack(formats[format], b, &none, OUTPUT_MAX, &whole);
	/* Large outputs byte by byte would take all the time. */
	c = (struct cut){ .left = b, .at_once = 1 + how % 16 };
	unpack(formats[format], bytes_of("", 0), &c, whole.len > 4096 ? 5000 : 1 + how / 16, &cut);

	MUST(cut.len == whole.len && !memcmp(cut.bytes, whole.bytes, cut.len));
	MUST(cut.end == whole.end);
	MUST(cut.end >= 0 || !strcmp(cut.err.what, whole.err.what));
	return 0;
}
