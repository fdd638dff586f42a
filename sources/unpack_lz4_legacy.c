// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lz4's legacy format (lz4_Frame_format.md, "Legacy frame"): each block is
 * decoded whole, for it has no other boundaries.  What the stream takes for a
 * member is the magic number alone, or one block.
 */
#include "sources/unpack_codec.h"

#include <errno.h>
#include <lz4.h>
#include <stdlib.h>

struct legacy {
	uint8_t head[4];
	size_t head_len;
	uint32_t size, got; /* of the packed block */
	uint8_t *packed, *block;
	size_t len, given; /* of the unpacked block */
	bool decoded;
};

static void legacy_free(void *state)
{
	struct legacy *l = state;

	free(l->packed);
	free(l->block);
	free(l);
}

static int legacy_new(void **ret_state)
{
	struct legacy *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->packed = malloc(LZ4_LEGACY_SIZE_MAX);
	l->block = malloc(LZ4_LEGACY_BLOCK);
	if (!l->packed || !l->block) {
		legacy_free(l);
		return -ENOMEM;
	}
	*ret_state = l;
	return 0;
}

static void legacy_begin(void *state)
{
	struct legacy *l = state;

	l->head_len = l->got = 0;
	l->decoded = false;
}

static int decode_block(struct legacy *l, struct codec_io *io)
{
	int n = LZ4_decompress_safe((const char *)l->packed, (char *)l->block, (int)l->size, LZ4_LEGACY_BLOCK);

	if (n < 0)
		return codec_fails(io, EBADMSG, "no such block");
	l->len = (size_t)n;
	l->given = 0;
	l->decoded = true;
	return 0;
}

static int give(struct legacy *l, struct codec_io *io)
{
	struct bytes left = bytes_of(l->block + l->given, l->len - l->given);
	size_t n = left.len < io->room ? left.len : io->room;

	bytes_copy(&left, io->to, n);
	codec_gave(io, n);
	l->given += n;
	return left.len ? CODEC_FULL : CODEC_END;
}

static int legacy_decode(void *state, struct codec_io *io)
{
	struct legacy *l = state;
	struct bytes head = bytes_of(l->head, sizeof(l->head));
	uint32_t n;
	int r;

	if (l->decoded)
		return give(l, io);
	while (l->head_len < sizeof(l->head)) {
		if (!bytes_u8(&io->in, &l->head[l->head_len]))
			return CODEC_MORE;
		l->head_len++;
	}
	codec_u32le(&head, &l->size);
	if (l->size == LZ4_LEGACY_MAGIC)
		return CODEC_END;
	n = l->size - l->got < io->in.len ? l->size - l->got : (uint32_t)io->in.len;
	bytes_copy(&io->in, l->packed + l->got, n);
	l->got += n;
	if (l->got < l->size)
		return CODEC_MORE;
	r = decode_block(l, io);
	return r ? r : give(l, io);
}

const struct codec codec_lz4_legacy = {
	.packing = PACKING_LZ4,
	.new = legacy_new,
	.free = legacy_free,
	.begin = legacy_begin,
	.decode = legacy_decode,
};
