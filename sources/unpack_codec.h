/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_UNPACK_CODEC_H
#define SYNSENT_SOURCES_UNPACK_CODEC_H

#include "sources/unpack.h"
#include "util/bytes.h"

/*
 * A compressed stream is a sequence of members (gzip), frames (zstd, lz4) or
 * blocks (lz4's legacy format), here all called members.  Each is told by its
 * first UNPACK_HEAD bytes and decoded by one of these codecs, each in a file of
 * its own, the only one that knows its library.
 */
struct codec_io {
	struct bytes in; /* decode() takes from it */
	bool end;	 /* nothing comes after it */
	uint8_t *to;	 /* and writes here, moving it on */
	size_t room;
	const char *why; /* of a failure, as a clause: "the checksum is wrong" */
	size_t unread;	 /* of a failure: bytes taken from `in` that the decoder had not come to */
};

enum codec_result {
	CODEC_MORE, /* `in` is used up, and at the `end` all that can be told of it is given */
	CODEC_FULL, /* `room` is used up; the decoder may hold more, so it is called again before it gets input */
	CODEC_END,  /* the member is over, and `in` is what comes after it */
};

struct codec {
	enum packing packing;
	/* 0 or -ENOMEM. */
	int (*new)(void **ret_state);
	void (*free)(void *state);
	/* A member begins; decode() gets it from its first byte. */
	void (*begin)(void *state);
	/*
	 * A codec_result, or -EBADMSG, -ENOTSUP or -ENOMEM with io->why set.
	 * Whatever was decoded before an error is given first, and the pieces in
	 * which the input comes change neither bytes nor error.
	 */
	int (*decode)(void *state, struct codec_io *io);
};

/* Their states are NULL when they have none. */
extern const struct codec codec_gzip, codec_zstd, codec_lz4, codec_lz4_legacy, codec_skippable;

/* Of lz4's legacy format: a magic number, then blocks, each led by its size, until something larger comes. */
#define LZ4_LEGACY_MAGIC 0x184c2102u
#define LZ4_LEGACY_BLOCK (8 << 20)
#define LZ4_LEGACY_SIZE_MAX (LZ4_LEGACY_BLOCK + LZ4_LEGACY_BLOCK / 255 + 16)

/* The output that n bytes at io->to have become. */
static inline void codec_gave(struct codec_io *io, size_t n)
{
	io->to += n;
	io->room -= n;
}

static inline int codec_fails(struct codec_io *io, int code, const char *why)
{
	io->why = why;
	return -code;
}

/* zstd, lz4 and skippable frames are little-endian throughout. */
static inline bool codec_u32le(struct bytes *b, uint32_t *ret)
{
	uint32_t be;

	if (!bytes_u32be(b, &be))
		return false;
	*ret = __builtin_bswap32(be);
	return true;
}

#endif
