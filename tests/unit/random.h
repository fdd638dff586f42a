/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_RANDOM_H
#define SYNSENT_TESTS_UNIT_RANDOM_H

#include <stdint.h>

/* Randomness that is the same in every run (splitmix64). */
static inline uint64_t random_u64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 to n - 1; n not 0. */
static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((random_u64(state) >> 32) * n >> 32);
}

/* True once in n times. */
static inline int random_once_in(uint64_t *state, uint32_t n)
{
	return !random_below(state, n);
}

#endif
