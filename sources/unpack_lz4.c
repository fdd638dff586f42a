// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lz4 frames by liblz4.  As with zstd, a call that fails does not tell what it
 * had decoded before, so that no call gets both what makes output and what may
 * be wrong after it.  The library's hint is a block, its checksum if it has one,
 * and the header of the next block.
 */
#include "sources/unpack_codec.h"

#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_HEADER 4
#define BLOCK_CHECKSUM 4
#define FIRST_HINT 7 /* the shortest header */

struct lz4 {
	LZ4F_dctx *d;
	size_t hint;
	bool full; /* it may hold output, which must come without an error behind it */
};

static void lz4_free(void *state)
{
	LZ4F_freeDecompressionContext(((struct lz4 *)state)->d);
	free(state);
}

static int lz4_new(void **ret_state)
{
	struct lz4 *z = calloc(1, sizeof(*z));

	if (!z)
		return -ENOMEM;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&z->d, LZ4F_VERSION))) {
		lz4_free(z);
		return -ENOMEM;
	}
	*ret_state = z;
	return 0;
}

static void lz4_begin(void *state)
{
	struct lz4 *z = state;

	LZ4F_resetDecompressionContext(z->d);
	z->hint = FIRST_HINT;
	z->full = false;
}

/* The library's public interface has names for its errors, not numbers. */
static int fails(struct codec_io *io, size_t result)
{
	const char *name = LZ4F_getErrorName(result);

	if (strstr(name, "allocation"))
		return -ENOMEM;
	if (strstr(name, "hecksum_invalid"))
		return codec_fails(io, EBADMSG, "the checksum is wrong");
	if (strstr(name, "frameSize"))
		return codec_fails(io, EBADMSG, "the length is wrong");
	return codec_fails(io, EBADMSG, "no such block");
}

/*
 * A stored block goes out as it comes in, and its checksum, or what would be
 * one, comes in a call of its own.  Any other is given whole.
 */
static size_t step(size_t hint)
{
	if (hint > BLOCK_CHECKSUM + BLOCK_HEADER)
		return hint - BLOCK_CHECKSUM - BLOCK_HEADER;
	return hint > BLOCK_HEADER ? hint - BLOCK_HEADER : hint;
}

static int lz4_decode(void *state, struct codec_io *io)
{
	struct lz4 *z = state;

	for (;;) {
		size_t want = z->full ? 0 : step(z->hint), out = io->room, r;
		size_t in = want < io->in.len ? want : io->in.len, given = in;

		r = LZ4F_decompress(z->d, io->to, &out, io->in.p, &in, NULL);
		if (LZ4F_isError(r)) {
			bytes_skip(&io->in, given);
			return fails(io, r);
		}
		bytes_skip(&io->in, in);
		codec_gave(io, out);
		if (!r)
			return CODEC_END;
		z->hint = r;
		z->full = !io->room;
		if (z->full)
			return CODEC_FULL;
		if (!io->in.len)
			return CODEC_MORE;
	}
}

const struct codec codec_lz4 = {
	.packing = PACKING_LZ4,
	.new = lz4_new,
	.free = lz4_free,
	.begin = lz4_begin,
	.decode = lz4_decode,
};
