/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_TOP_KEY_H
#define SYNSENT_CORE_TOP_KEY_H

#include <string.h>

#include "core/top.h"

/* Keys of the table, while they are an address, a port and a tag still.  Private to core/top.c. */

/* Read where they lie: an address that was just copied could not be read in words without a stall. */
static inline uint32_t top_hash(uint64_t seed, const struct addr *addr, uint16_t port, uint16_t tag)
{
	uint64_t part[2], h, rest = (uint64_t)addr->family << 32 | (uint64_t)port << 16 | tag;

	memcpy(part, addr->b, sizeof(part));
	h = (part[0] ^ seed) * 0xd6e8feb86659fd93ULL;
	h ^= h >> 32;
	h += (part[1] ^ rest << 17 ^ seed >> 7) * 0x9e3779b97f4a7c15ULL;
	h = (h ^ h >> 29) * 0xd6e8feb86659fd93ULL;
	return (uint32_t)(h >> 32);
}

static inline bool same_addr(const struct addr *a, const struct addr *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a->b, sizeof(x));
	memcpy(y, b->b, sizeof(y));
	return a->family == b->family && x[0] == y[0] && x[1] == y[1];
}

static inline bool top_is_key(const struct top_key *k, const struct addr *addr, uint16_t port, uint16_t tag)
{
	return k->port == port && k->tag == tag && same_addr(&k->addr, addr);
}

#endif
