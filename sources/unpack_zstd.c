// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zstd frames by libzstd.  A call that fails does not tell what it had decoded
 * before, so that each call gets one step, and gets it whole, which makes the
 * outcome independent of how the input comes.  The library's hint is what it
 * wants next, most often a block's content and the header of the block after it,
 * which are two steps.
 */
#include "sources/unpack_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_MAX 27 /* 128 MiB, as the zstd tool has it */
#define BLOCK_HEADER 3
#define FIRST_HINT 5 /* the magic number and the byte that tells how long the header is */

struct zstd {
	ZSTD_DCtx *d;
	size_t hint;
	bool full; /* it may hold output, which must come without an error behind it */
	uint8_t part[ZSTD_BLOCKSIZE_MAX];
	size_t got; /* of a step */
};

static void zstd_free(void *state)
{
	ZSTD_freeDCtx(((struct zstd *)state)->d);
	free(state);
}

static int zstd_new(void **ret_state)
{
	struct zstd *z = calloc(1, sizeof(*z));

	if (!z)
		return -ENOMEM;
	z->d = ZSTD_createDCtx();
	if (!z->d || ZSTD_isError(ZSTD_DCtx_setParameter(z->d, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		zstd_free(z);
		return -ENOMEM;
	}
	*ret_state = z;
	return 0;
}

static void zstd_begin(void *state)
{
	struct zstd *z = state;

	ZSTD_DCtx_reset(z->d, ZSTD_reset_session_only);
	z->hint = FIRST_HINT;
	z->full = false;
	z->got = 0;
}

static int fails(struct codec_io *io, size_t result)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		return codec_fails(io, ENOTSUP, "it needs a window of more than 128 MiB");
	case ZSTD_error_dictionary_wrong:
		return codec_fails(io, ENOTSUP, "it needs a dictionary");
	case ZSTD_error_checksum_wrong:
		return codec_fails(io, EBADMSG, "the checksum is wrong");
	case ZSTD_error_frameParameter_unsupported:
		return codec_fails(io, EBADMSG, "no such frame header");
	default:
		return codec_fails(io, EBADMSG, "no such block");
	}
}

/* The input of the next step; false when it is not there yet. */
static bool take_step(struct zstd *z, struct bytes *in, struct bytes *ret)
{
	size_t len = z->hint <= BLOCK_HEADER ? z->hint : z->hint - BLOCK_HEADER, n;

	if (z->full) {
		*ret = bytes_of(z->part, 0);
		return true;
	}
	if (!z->got && bytes_take(in, len, ret))
		return true;
	n = len - z->got < in->len ? len - z->got : in->len;
	bytes_copy(in, z->part + z->got, n);
	z->got += n;
	if (z->got < len)
		return false;
	*ret = bytes_of(z->part, len);
	z->got = 0;
	return true;
}

static int zstd_decode(void *state, struct codec_io *io)
{
	struct zstd *z = state;
	struct bytes step;

	for (;;) {
		ZSTD_outBuffer out = { .dst = io->to, .size = io->room };
		ZSTD_inBuffer in = { 0 };
		size_t r;

		if (!take_step(z, &io->in, &step))
			return CODEC_MORE;
		in.src = step.p;
		in.size = step.len;
		r = ZSTD_decompressStream(z->d, &out, &in);
		if (ZSTD_isError(r))
			return fails(io, r);
		codec_gave(io, out.pos);
		if (!r)
			return CODEC_END;
		/* At the end, with output left, it wants the last byte again. */
		if (in.pos < in.size)
			z->part[z->got++] = step.p[in.pos];
		/* No frame has larger steps; the library has looked, but the buffer is ours. */
		if (r > sizeof(z->part) + BLOCK_HEADER)
			return codec_fails(io, EBADMSG, "no such block");
		z->hint = r;
		z->full = !io->room;
		if (z->full)
			return CODEC_FULL;
	}
}

const struct codec codec_zstd = {
	.packing = PACKING_ZSTD,
	.new = zstd_new,
	.free = zstd_free,
	.begin = zstd_begin,
	.decode = zstd_decode,
};
