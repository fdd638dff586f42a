// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gzip members by isa-l.
 *
 * Its header and its data are read by two calls: the one that would do both
 * forgets the header's flags between pieces of input.
 *
 * Its fast loop, which runs while there is more input than a few bytes, counts
 * a repetition as given before it looks whether there is something to repeat,
 * so that after an error it is not known which bytes are decoded ones.  The
 * state before each call is therefore kept, and a piece of input with an error
 * in it is decoded again from there in smaller pieces, the last one being the
 * single byte in which the error shows, before which everything is exact.
 *
 * It decodes up to three symbols at once.  Where the input is cut off it leaves
 * one or two literals that are complete when it takes them for a pair with what
 * is not there, and which ones depends on the pieces before; so they are asked
 * for at the end.
 */
#include "sources/unpack_codec.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>

#define LITERALS 4

struct gzip {
	struct inflate_state z, before;
	struct isal_gzip_header header;
	bool in_header;
	uint32_t piece; /* of the present input to give at once */
	int error;	/* comes after what z.tmp_out_buffer still holds */
	bool cut;
	uint8_t last[LITERALS]; /* of a stream that is cut off */
	size_t last_len;
};

static int gzip_new(void **ret_state)
{
	*ret_state = calloc(1, sizeof(struct gzip));
	return *ret_state ? 0 : -ENOMEM;
}

static void gzip_begin(void *state)
{
	struct gzip *g = state;

	isal_inflate_init(&g->z);
	g->z.crc_flag = ISAL_GZIP_NO_HDR_VER;
	/* No name, comment or extra field is kept. */
	isal_gzip_header_init(&g->header);
	g->in_header = true;
	g->piece = UINT32_MAX;
	g->cut = false;
	g->last_len = 0;
	g->error = 0;
}

static int fails(struct codec_io *io, int isal)
{
	switch (isal) {
	case ISAL_UNSUPPORTED_METHOD:
		return codec_fails(io, ENOTSUP, "its method is not deflate");
	case ISAL_INCORRECT_CHECKSUM:
		return codec_fails(io, EBADMSG, "the checksum is wrong");
	case ISAL_INVALID_LOOKBACK:
		return codec_fails(io, EBADMSG, "it refers to what is before its beginning");
	case ISAL_INVALID_SYMBOL:
		return codec_fails(io, EBADMSG, "no such symbol");
	case ISAL_INVALID_BLOCK:
		return codec_fails(io, EBADMSG, "no such block");
	default:
		return codec_fails(io, EBADMSG, "it is not deflate data");
	}
}

/* isa-l stops at an error with some of what it decoded before kept back. */
static int give_rest(struct gzip *g, struct codec_io *io)
{
	size_t left = (size_t)(g->z.tmp_out_valid - g->z.tmp_out_processed);
	size_t n = left < io->room ? left : io->room;

	memcpy(io->to, g->z.tmp_out_buffer + g->z.tmp_out_processed, n);
	codec_gave(io, n);
	g->z.tmp_out_processed += (int32_t)n;
	if (n < left)
		return CODEC_FULL;
	io->unread = g->z.read_in_length > 0 ? (size_t)g->z.read_in_length / 8 : 0;
	return fails(io, g->error);
}

/* As isal_inflate(), but for an error somewhere in more than a byte: then nothing has happened, and pieces get smaller.
 */
static int inflate(struct gzip *g, struct codec_io *io)
{
	uint32_t len = io->in.len < g->piece ? (uint32_t)io->in.len : g->piece;
	uint32_t room = io->room < UINT32_MAX ? (uint32_t)io->room : UINT32_MAX;
	int r;

	if (len > 1)
		g->before = g->z;
	g->z.next_in = (uint8_t *)io->in.p;
	g->z.avail_in = len;
	g->z.next_out = io->to;
	g->z.avail_out = room;
	r = isal_inflate(&g->z);
	/* Damaged data can make it stand still. */
	if (!r && len && g->z.avail_in == len && g->z.avail_out == room && g->z.block_state != ISAL_BLOCK_FINISH)
		r = ISAL_INVALID_SYMBOL;
	if (r && r != ISAL_INCORRECT_CHECKSUM && len > 1) {
		g->z = g->before;
		g->piece = (len + 7) / 8;
		return 0;
	}
	bytes_skip(&io->in, len - g->z.avail_in);
	codec_gave(io, room - g->z.avail_out);
	return r;
}

static int read_header(struct gzip *g, struct codec_io *io)
{
	uint32_t len = io->in.len < UINT32_MAX ? (uint32_t)io->in.len : UINT32_MAX;
	int r;

	g->z.next_in = (uint8_t *)io->in.p;
	g->z.avail_in = len;
	r = isal_read_gzip_header(&g->z, &g->header);
	bytes_skip(&io->in, len - g->z.avail_in);
	g->in_header = r != ISAL_DECOMP_OK;
	if (r < 0)
		return fails(io, r);
	return CODEC_MORE;
}

/* The literals that come next when the input goes on with these bytes, up to what else may come. */
static size_t literals(struct gzip *g, uint8_t next, uint8_t ret[LITERALS])
{
	struct inflate_state *z = &g->before;

	*z = g->z;
	/* Without a past any repetition is an error. */
	z->tmp_out_valid = z->tmp_out_processed = 0;
	z->next_out = ret;
	z->avail_out = LITERALS;
	for (int i = 0; i < 8 && z->avail_out; i++) {
		z->next_in = &next;
		z->avail_in = 1;
		if (isal_inflate(z))
			break;
	}
	return (size_t)(z->next_out - ret);
}

/*
 * What the last bits, less than a byte's and a symbol's, say for sure: what they
 * say both before ones and before zeros.  Codes are a tree, so that a symbol that
 * is not complete becomes another by one than by the other.
 */
static void find_last(struct gzip *g)
{
	uint8_t other[LITERALS];
	size_t n, m;

	/* Elsewhere the made-up bytes would be told, not the last bits. */
	if (g->z.block_state != ISAL_BLOCK_CODED)
		return;
	n = literals(g, 0x00, g->last);
	m = literals(g, 0xff, other);
	while (g->last_len < n && g->last_len < m && g->last[g->last_len] == other[g->last_len])
		g->last_len++;
}

static int give_last(struct gzip *g, struct codec_io *io)
{
	size_t n;

	if (!g->cut)
		find_last(g);
	g->cut = true;
	n = g->last_len < io->room ? g->last_len : io->room;
	memcpy(io->to, g->last, n);
	codec_gave(io, n);
	g->last_len -= n;
	memmove(g->last, g->last + n, g->last_len);
	return g->last_len ? CODEC_FULL : CODEC_MORE;
}

static int gzip_decode(void *state, struct codec_io *io)
{
	struct gzip *g = state;

	if (g->error)
		return give_rest(g, io);
	if (g->cut)
		return give_last(g, io);
	if (g->in_header)
		return read_header(g, io);
	do {
		g->error = inflate(g, io);
		if (g->error)
			return give_rest(g, io);
		if (g->z.block_state == ISAL_BLOCK_FINISH)
			return CODEC_END;
		if (!io->room)
			return CODEC_FULL;
	} while (io->in.len);
	g->piece = UINT32_MAX;
	return io->end ? give_last(g, io) : CODEC_MORE;
}

const struct codec codec_gzip = {
	.packing = PACKING_GZIP,
	.new = gzip_new,
	.free = free,
	.begin = gzip_begin,
	.decode = gzip_decode,
};
