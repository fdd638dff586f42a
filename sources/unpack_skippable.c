// SPDX-License-Identifier: GPL-2.0-or-later
/* Skippable frames, which zstd (RFC 8878, 3.1.2) and lz4 share: magic number, length, as many bytes of anything. */
#include "sources/unpack_codec.h"

#include <errno.h>
#include <stdlib.h>

struct skippable {
	uint8_t head[8];
	size_t got;
	uint32_t left;
};

static int skippable_new(void **ret_state)
{
	*ret_state = calloc(1, sizeof(struct skippable));
	return *ret_state ? 0 : -ENOMEM;
}

static void skippable_begin(void *state)
{
	*(struct skippable *)state = (struct skippable){ 0 };
}

static int skippable_decode(void *state, struct codec_io *io)
{
	struct skippable *s = state;
	struct bytes head = bytes_of(s->head, sizeof(s->head));
	uint32_t n;

	while (s->got < sizeof(s->head)) {
		if (!bytes_u8(&io->in, &s->head[s->got]))
			return CODEC_MORE;
		if (++s->got == sizeof(s->head)) {
			bytes_skip(&head, 4);
			codec_u32le(&head, &s->left);
		}
	}
	n = io->in.len < s->left ? (uint32_t)io->in.len : s->left;
	bytes_skip(&io->in, n);
	s->left -= n;
	return s->left ? CODEC_MORE : CODEC_END;
}

const struct codec codec_skippable = {
	.packing = PACKING_ZSTD,
	.new = skippable_new,
	.free = free,
	.begin = skippable_begin,
	.decode = skippable_decode,
};
