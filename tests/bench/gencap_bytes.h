/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GENCAP_BYTES_H
#define GENCAP_BYTES_H

#include <stdint.h>

static inline void be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void be32(uint8_t *p, uint32_t v)
{
	be16(p, v >> 16);
	be16(p + 2, v & 0xffff);
}

#endif
