// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/unpack_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "sources/unpack_codec.h"

#define INPUT_BYTES (256 << 10)
#define PAGE 4096

enum { GZIP, ZSTD, LZ4, LZ4_LEGACY, SKIPPABLE, CODECS };

static const struct {
	const struct codec *codec;
	uint32_t magic, mask; /* of the first four bytes, little-endian */
} known[CODECS] = {
	[GZIP] = { &codec_gzip, 0x00008b1f, 0x0000ffff },
	[ZSTD] = { &codec_zstd, 0xfd2fb528, 0xffffffff },
	[LZ4] = { &codec_lz4, 0x184d2204, 0xffffffff },
	[LZ4_LEGACY] = { &codec_lz4_legacy, LZ4_LEGACY_MAGIC, 0xffffffff },
	[SKIPPABLE] = { &codec_skippable, 0x184d2a50, 0xfffffff0 },
};

struct unpack_stream {
	enum packing packing;
	unpack_source_fn *source;
	void *from;

	/* Input: what was kept of a member's first bytes, and then what was read. */
	uint8_t magic[UNPACK_HEAD];
	struct bytes kept, in;
	uint8_t *input;
	size_t input_len;
	_Atomic uint64_t taken;

	int codec; /* of this member; -1 between members */
	void *state[CODECS];
	bool any, begun; /* there was a member; one with data, so that packing is settled */
	bool in_legacy;	 /* what comes next may be a block of lz4's legacy format */

	bool ended; /* the input */
	bool over;  /* the output, with 0 or an error */
	int error;
	struct err err;
};

/* What may begin with these bytes, of which `len` are there: an index, or -1. */
static int known_by(uint32_t magic, size_t len)
{
	uint32_t there = len < UNPACK_HEAD ? (1u << 8 * len) - 1 : UINT32_MAX;

	for (int i = 0; i < CODECS; i++) {
		if (!((magic ^ known[i].magic) & known[i].mask & there))
			return i;
	}
	return -1;
}

enum packing packing_of(const uint8_t *head, size_t len)
{
	struct bytes b = bytes_of(head, len);
	uint32_t magic;
	int i;

	if (!codec_u32le(&b, &magic))
		return PACKING_NONE;
	i = known_by(magic, UNPACK_HEAD);
	return i < 0 ? PACKING_NONE : known[i].codec->packing;
}

int unpack_stream_new(enum packing p, const uint8_t *head, size_t head_len, unpack_source_fn *source, void *from,
		      struct unpack_stream **ret, struct err *e)
{
	struct unpack_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return err_sys(e, ENOMEM, "cannot unpack");
	s->input_len = head_len > INPUT_BYTES ? (head_len + PAGE - 1) / PAGE * PAGE : INPUT_BYTES;
	s->input = aligned_alloc(PAGE, s->input_len);
	if (!s->input) {
		free(s);
		return err_sys(e, ENOMEM, "cannot unpack");
	}
	if (head_len)
		memcpy(s->input, head, head_len);
	s->in = bytes_of(s->input, head_len);
	atomic_init(&s->taken, head_len);
	s->packing = p;
	s->source = source;
	s->from = from;
	s->codec = -1;
	*ret = s;
	return 0;
}

void unpack_stream_free(struct unpack_stream *s)
{
	if (!s)
		return;
	for (int i = 0; i < CODECS; i++) {
		if (s->state[i])
			known[i].codec->free(s->state[i]);
	}
	free(s->input);
	free(s);
}

uint64_t unpack_stream_taken(const struct unpack_stream *s)
{
	return atomic_load_explicit(&s->taken, memory_order_relaxed);
}

/* Where the bytes that nobody has looked at begin. */
static uint64_t offset(const struct unpack_stream *s)
{
	return unpack_stream_taken(s) - s->in.len - s->kept.len;
}

static int bytes_after(struct unpack_stream *s)
{
	const char *name = packing_name(s->packing);

	if (!s->begun)
		return err_set(&s->err, EBADMSG, "no %s data at byte %" PRIu64, name, offset(s));
	return err_set(&s->err, EBADMSG, "bytes after the %s stream, from byte %" PRIu64 " on", name, offset(s));
}

/* May these kept bytes, or more of them, begin a member?  An index, or -EBADMSG. */
static int recognise(struct unpack_stream *s)
{
	uint32_t magic = 0;
	int i;

	for (size_t n = 0; n < s->kept.len; n++)
		magic |= (uint32_t)s->magic[n] << 8 * n;
	if (s->in_legacy && (s->kept.len < UNPACK_HEAD || magic <= LZ4_LEGACY_SIZE_MAX))
		return LZ4_LEGACY;
	i = known_by(magic, s->kept.len);
	if (i < 0 || (i == GZIP) != (s->packing == PACKING_GZIP))
		return bytes_after(s);
	/* zstd and lz4 are told apart by the first frame with data. */
	if (i == SKIPPABLE || !s->begun || known[i].codec->packing == s->packing)
		return i;
	return bytes_after(s);
}

/* 0 or -errno. */
static int begin(struct unpack_stream *s)
{
	int i = recognise(s), r;

	if (i < 0)
		return i;
	if (i != SKIPPABLE)
		s->packing = known[i].codec->packing;
	if (!s->state[i]) {
		r = known[i].codec->new (&s->state[i]);
		if (r)
			return err_sys(&s->err, -r, "cannot unpack %s", packing_name(s->packing));
	}
	known[i].codec->begin(s->state[i]);
	s->codec = i;
	s->any = true;
	s->begun |= i != SKIPPABLE;
	s->in_legacy = i == LZ4_LEGACY;
	return 0;
}

/*
 * Between members.  CODEC_MORE; CODEC_FULL, which says nothing here, when one
 * has begun; or -errno.
 */
static int keep_magic(struct unpack_stream *s)
{
	int r;

	/* As blocks of a tape or a disk fill the last one. */
	while (s->packing == PACKING_GZIP && s->begun && !s->kept.len && s->in.len && !s->in.p[0])
		bytes_skip(&s->in, 1);
	while (s->kept.len < UNPACK_HEAD && bytes_u8(&s->in, &s->magic[s->kept.len]))
		s->kept = bytes_of(s->magic, s->kept.len + 1);
	if (s->kept.len < UNPACK_HEAD)
		return CODEC_MORE;
	r = begin(s);
	return r ? r : CODEC_FULL;
}

static int decode(struct unpack_stream *s, struct codec_io *io)
{
	struct bytes *in = s->kept.len ? &s->kept : &s->in;
	const char *name = packing_name(s->packing);
	uint64_t at;
	int r;

	io->in = *in;
	io->end = s->ended;
	io->unread = 0;
	r = known[s->codec].codec->decode(s->state[s->codec], io);
	*in = io->in;
	if (r == CODEC_END)
		s->codec = -1;
	if (r >= 0)
		return r;
	at = offset(s) - io->unread;
	if (r == -ENOTSUP)
		return err_set(&s->err, ENOTSUP, "the %s data at byte %" PRIu64 " cannot be unpacked: %s", name, at,
			       io->why);
	if (r == -EBADMSG)
		return err_set(&s->err, EBADMSG, "damaged %s data, as found at byte %" PRIu64 ": %s", name, at,
			       io->why);
	return err_sys(&s->err, -r, "cannot unpack %s", name);
}

/* There is no more input.  0 when that is the end, or -errno. */
static int at_end(struct unpack_stream *s)
{
	int r;

	if (s->codec < 0 && s->any && !s->kept.len)
		return 0;
	r = s->codec < 0 && s->kept.len ? recognise(s) : 0;
	if (r < 0)
		return r;
	return err_set(&s->err, ENODATA, "the %s data end in the middle, after %" PRIu64 " bytes",
		       packing_name(s->packing), unpack_stream_taken(s));
}

/* 0; -EAGAIN, when there is nothing at once; or the stream is over. */
static int more_input(struct unpack_stream *s, bool wait)
{
	ssize_t n = s->source(s->from, s->input, s->input_len, wait, &s->err);

	if (n == -EAGAIN && !wait)
		return -EAGAIN;
	if (n > 0) {
		s->in = bytes_of(s->input, (size_t)n);
		atomic_fetch_add_explicit(&s->taken, (uint64_t)n, memory_order_relaxed);
		return 0;
	}
	s->ended = !n;
	s->over = n < 0;
	s->error = (int)n;
	return 0;
}

ssize_t unpack_stream_read(struct unpack_stream *s, void *to, size_t len, struct err *e)
{
	struct codec_io io = { .to = to, .room = len };

	while (io.room && !s->over) {
		int r = s->codec < 0 ? keep_magic(s) : decode(s, &io);

		if (r < 0 || (r == CODEC_MORE && s->ended)) {
			s->error = r < 0 ? r : at_end(s);
			s->over = true;
		} else if (r == CODEC_MORE && !s->in.len && more_input(s, io.room == len)) {
			break;
		}
	}
	if (io.room < len)
		return (ssize_t)(len - io.room);
	if (s->error && e)
		*e = s->err;
	return s->error;
}
