/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_FLOW_HASH_H
#define SYNSENT_CORE_FLOW_HASH_H

#include <stdint.h>
#include <string.h>

/*
 * A hash of a flow that is the same for both directions, so that a SYN, its
 * answer and a SYN that crosses it meet in one place.  Each end is mixed with
 * the seed by itself, so nobody who does not know the seed can choose addresses
 * that collide.  It is computed for every TCP packet of a capture, from the
 * header's own bytes: hence loads of whole words in the machine's order.
 */
__extension__ typedef unsigned __int128 flow_hash_product;

static inline uint64_t flow_hash_mix(uint64_t a, uint64_t b)
{
	flow_hash_product p = (flow_hash_product)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

#define FLOW_HASH_K1 0x9e3779b97f4a7c15u
#define FLOW_HASH_K2 0xd6e8feb86659fd93u

/* addr: 4 bytes as in the header; port_be: the port's two bytes as in the header, in the machine's order. */
static inline uint64_t flow_hash_end4(uint64_t seed, const uint8_t *addr, uint16_t port_be)
{
	uint32_t a;

	memcpy(&a, addr, sizeof(a));
	return flow_hash_mix(((uint64_t)a << 16 | port_be) ^ seed, FLOW_HASH_K1);
}

/* addr: 16 bytes */
static inline uint64_t flow_hash_end6(uint64_t seed, const uint8_t *addr, uint16_t port_be)
{
	uint64_t a[2];

	memcpy(a, addr, sizeof(a));
	return flow_hash_mix(flow_hash_mix(a[0] ^ seed, FLOW_HASH_K1) ^ a[1] ^ port_be, FLOW_HASH_K2);
}

/*
 * One of FLOW_CLASSES classes of flows, the same for both directions: for filters
 * that let through by chance what they could have stopped.  It has no seed, and
 * is cheap.  addresses: source ^ destination, of IPv6 all words of both together;
 * ports: likewise; both as in the header.
 */
#define FLOW_CLASSES (1u << 16)

static inline uint32_t flow_class(uint32_t addresses, uint16_t ports)
{
	return (addresses * 0x9e3779b1u + ports * 0x85ebca6bu) >> 16;
}

static inline uint32_t flow_addresses6(const uint8_t src[16], const uint8_t dst[16])
{
	uint64_t a[2], b[2];

	memcpy(a, src, sizeof(a));
	memcpy(b, dst, sizeof(b));
	a[0] ^= a[1] ^ b[0] ^ b[1];
	return (uint32_t)(a[0] ^ a[0] >> 32);
}

static inline uint32_t flow_hash(uint64_t one_end, uint64_t other_end)
{
	return (uint32_t)((one_end + other_end) >> 32);
}

#endif
