// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zstd frames by libzstd.  A call that fails does not tell what it had decoded
 * before, so that each call gets one step: the frame's header, a block's header,
 * its content, the checksum; and gets it whole, which makes the outcome
 * independent of how the input comes.  The library's hint is the next step and,
 * but for the last block, the header of the block after it.
 */
#include "sources/unpack_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_MAX 27 /* 128 MiB, as the zstd tool has it */
#define BLOCK_HEADER 3
/* The magic number and the byte that tells how long the header is, as one step. */
#define FIRST_HINT (5 + BLOCK_HEADER)

struct zstd {
	ZSTD_DCtx *d;
	size_t hint;
	bool last; /* block of the frame */
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
	z->last = z->full = false;
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
	size_t len = z->last || z->hint <= BLOCK_HEADER ? z->hint : z->hint - BLOCK_HEADER, n;

	if (z->full) {
		*ret = bytes_of(z->part, 0);
		return true;
	}
	if (z->got || in->len < len) {
		n = len - z->got < in->len ? len - z->got : in->len;
		bytes_copy(in, z->part + z->got, n);
		z->got += n;
		*ret = bytes_of(z->part, len);
		if (z->got < len)
			return false;
		z->got = 0;
	} else {
		bytes_take(in, len, ret);
	}
	/* A block's header begins with the flag for the last. */
	if (len == BLOCK_HEADER && z->hint == BLOCK_HEADER && !z->last)
		z->last = ret->p[0] & 1;
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
