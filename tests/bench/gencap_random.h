/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GENCAP_RANDOM_H
#define GENCAP_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

extern uint64_t rng_state;

static inline uint64_t rnd(void) /* splitmix64 */
{
	uint64_t z = (rng_state += 0x9E3779B97F4A7C15ULL);
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

static inline uint32_t below(uint32_t n)
{
	return (uint32_t)(((rnd() >> 32) * n) >> 32);
}

static inline double unit(void)
{
	return (double)(rnd() >> 11) * 0x1p-53;
}

static inline bool chance(double p)
{
	return unit() < p;
}

static inline double expo(double mean)
{
	return -mean * log(1.0 - unit());
}

#endif
