// SPDX-License-Identifier: GPL-2.0-or-later
#include "packed.h"

#include <isa-l/igzip_lib.h>
#include <lz4.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define LEGACY_BLOCK ((size_t)8 << 20)

/* Not assert(): it must not vanish with NDEBUG. */
static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

static void add_u32le(struct buf *to, uint32_t v)
{
	uint8_t b[] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

	buf_add(to, b, sizeof(b));
}

static void deflated(struct buf *to, const uint8_t *data, size_t len, uint32_t level)
{
	size_t bound = 2 * len + 1024; /* its own codes for noise are longer than bytes */
	uint8_t *out = need(malloc(bound)), *level_buf = need(malloc(ISAL_DEF_LVL1_DEFAULT));
	struct isal_zstream *z = need(malloc(sizeof(*z)));

	isal_deflate_init(z);
	z->level = level;
	z->level_buf = level_buf;
	z->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
	z->gzip_flag = IGZIP_GZIP;
	z->next_in = (uint8_t *)data;
	z->avail_in = (uint32_t)len;
	z->end_of_stream = 1;
	z->next_out = out;
	z->avail_out = (uint32_t)bound;
	if (isal_deflate(z) != COMP_OK || z->internal_state.state != ZSTATE_END)
		abort();
	buf_add(to, out, z->total_out);
	free(z);
	free(level_buf);
	free(out);
}

static void pack_gzip(struct buf *to, const uint8_t *data, size_t len)
{
	deflated(to, data, len, 1);
}

/* One level has codes of its own, the other those of a table. */
static void pack_gzip_0(struct buf *to, const uint8_t *data, size_t len)
{
	deflated(to, data, len, 0);
}

static void zstd(struct buf *to, const uint8_t *data, size_t len, int checksum)
{
	size_t bound = ZSTD_compressBound(len), n;
	uint8_t *out = need(malloc(bound));
	ZSTD_CCtx *c = need(ZSTD_createCCtx());

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, checksum);
	n = ZSTD_compress2(c, out, bound, data, len);
	if (ZSTD_isError(n))
		abort();
	buf_add(to, out, n);
	ZSTD_freeCCtx(c);
	free(out);
}

static void pack_zstd(struct buf *to, const uint8_t *data, size_t len)
{
	zstd(to, data, len, 1);
}

static void pack_zstd_unchecked(struct buf *to, const uint8_t *data, size_t len)
{
	zstd(to, data, len, 0);
}

static void lz4(struct buf *to, const uint8_t *data, size_t len, const LZ4F_preferences_t *p)
{
	size_t bound = LZ4F_compressFrameBound(len, p), n;
	uint8_t *out = need(malloc(bound));

	n = LZ4F_compressFrame(out, bound, data, len, p);
	if (LZ4F_isError(n))
		abort();
	buf_add(to, out, n);
	free(out);
}

/* As `lz4` makes them. */
static void pack_lz4(struct buf *to, const uint8_t *data, size_t len)
{
	LZ4F_preferences_t p = { .frameInfo = { .blockSizeID = LZ4F_max4MB,
						.blockMode = LZ4F_blockIndependent,
						.contentChecksumFlag = LZ4F_contentChecksumEnabled } };

	lz4(to, data, len, &p);
}

static void pack_lz4_linked(struct buf *to, const uint8_t *data, size_t len)
{
	LZ4F_preferences_t p = { .frameInfo = { .blockSizeID = LZ4F_max64KB,
						.contentSize = len,
						.blockChecksumFlag = LZ4F_blockChecksumEnabled } };

	lz4(to, data, len, &p);
}

static void pack_lz4_legacy(struct buf *to, const uint8_t *data, size_t len)
{
	uint8_t *out = need(malloc((size_t)LZ4_compressBound((int)LEGACY_BLOCK)));

	add_u32le(to, 0x184c2102);
	while (len) {
		size_t n = len < LEGACY_BLOCK ? len : LEGACY_BLOCK;
		int packed = LZ4_compress_default((const char *)data, (char *)out, (int)n,
						  LZ4_compressBound((int)LEGACY_BLOCK));

		add_u32le(to, (uint32_t)packed);
		buf_add(to, out, (size_t)packed);
		data += n;
		len -= n;
	}
	free(out);
}

const struct packer packers[] = {
	{ "gzip", PACKING_GZIP, true, pack_gzip },
	{ "gzip, level 0", PACKING_GZIP, true, pack_gzip_0 },
	{ "zstd", PACKING_ZSTD, true, pack_zstd },
	{ "zstd, unchecked", PACKING_ZSTD, false, pack_zstd_unchecked },
	{ "lz4", PACKING_LZ4, true, pack_lz4 },
	{ "lz4, linked", PACKING_LZ4, true, pack_lz4_linked },
	{ "lz4, legacy", PACKING_LZ4, false, pack_lz4_legacy },
};
const size_t n_packers = sizeof(packers) / sizeof(packers[0]);

void packed_skippable(struct buf *to, uint32_t n)
{
	add_u32le(to, 0x184d2a53);
	add_u32le(to, n);
	while (n--)
		buf_add(to, "?", 1);
}

void packed_content(struct buf *to, size_t len)
{
	uint32_t seed = 1;

	while (to->len < len) {
		uint8_t record[64] = "a record's head, which is much as the one before";
		size_t n = len - to->len < sizeof(record) ? len - to->len : sizeof(record);

		for (size_t i = 40; i < sizeof(record); i++) {
			seed = seed * 1664525 + 1013904223;
			record[i] = (uint8_t)(seed >> 24);
		}
		buf_add(to, record, n);
	}
}
