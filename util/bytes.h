/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_BYTES_H
#define SYNSENT_UTIL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The one way to touch bytes from outside: a cursor that cannot leave its
 * bounds.  A getter that finds too few bytes returns false, takes nothing, and
 * leaves *ret alone.
 */
struct bytes {
	const uint8_t *p;
	size_t len; /* bytes left */
};

static inline struct bytes bytes_of(const void *p, size_t len)
{
	return (struct bytes){ .p = (const uint8_t *)p, .len = len };
}

/* Takes n bytes; the result points into the same memory. */
static inline bool bytes_take(struct bytes *b, size_t n, struct bytes *ret)
{
	if (b->len < n)
		return false;
	*ret = bytes_of(b->p, n);
	b->p += n;
	b->len -= n;
	return true;
}

static inline bool bytes_skip(struct bytes *b, size_t n)
{
	struct bytes skipped;

	return bytes_take(b, n, &skipped);
}

static inline bool bytes_u8(struct bytes *b, uint8_t *ret)
{
	struct bytes t;

	if (!bytes_take(b, 1, &t))
		return false;
	*ret = t.p[0];
	return true;
}

/* Big-endian (network order) integers, given in host order. */
static inline bool bytes_u16be(struct bytes *b, uint16_t *ret)
{
	struct bytes t;

	if (!bytes_take(b, 2, &t))
		return false;
	*ret = (uint16_t)(t.p[0] << 8 | t.p[1]);
	return true;
}

static inline bool bytes_u32be(struct bytes *b, uint32_t *ret)
{
	struct bytes t;

	if (!bytes_take(b, 4, &t))
		return false;
	*ret = (uint32_t)t.p[0] << 24 | (uint32_t)t.p[1] << 16 | (uint32_t)t.p[2] << 8 | t.p[3];
	return true;
}

/* Integers of a file that is in this machine's byte order, or (swapped) in the other one. */
static inline bool bytes_u16(struct bytes *b, bool swapped, uint16_t *ret)
{
	struct bytes t;
	uint16_t v;

	if (!bytes_take(b, sizeof(v), &t))
		return false;
	memcpy(&v, t.p, sizeof(v));
	*ret = swapped ? __builtin_bswap16(v) : v;
	return true;
}

static inline bool bytes_u32(struct bytes *b, bool swapped, uint32_t *ret)
{
	struct bytes t;
	uint32_t v;

	if (!bytes_take(b, sizeof(v), &t))
		return false;
	memcpy(&v, t.p, sizeof(v));
	*ret = swapped ? __builtin_bswap32(v) : v;
	return true;
}

static inline bool bytes_u64(struct bytes *b, bool swapped, uint64_t *ret)
{
	struct bytes t;
	uint64_t v;

	if (!bytes_take(b, sizeof(v), &t))
		return false;
	memcpy(&v, t.p, sizeof(v));
	*ret = swapped ? __builtin_bswap64(v) : v;
	return true;
}

static inline bool bytes_copy(struct bytes *b, void *to, size_t n)
{
	struct bytes t;

	if (!bytes_take(b, n, &t))
		return false;
	memcpy(to, t.p, n);
	return true;
}

#endif
