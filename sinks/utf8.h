/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_UTF8_H
#define SYNSENT_SINKS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

/* One character of UTF-8 (RFC 3629 section 4) of those len > 0 bytes: its length, or 0 when the bytes at s are none. */
size_t utf8_take(const unsigned char *s, size_t len, uint32_t *ret);

/* Adds a character, up to 0x10ffff, as UTF-8. */
void utf8_put(struct buf *to, uint32_t c);

/* What a terminal would act upon or not show: it is escaped in files too, because people look at them. */
bool utf8_hidden(uint32_t c);

#endif
