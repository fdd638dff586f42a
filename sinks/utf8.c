/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/utf8.h"

size_t utf8_take(const unsigned char *s, size_t len, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0, i;
	uint32_t c;

	if (n < 2 || n > len) {
		*ret = s[0];
		return n == 1;
	}
	c = s[0] & (0xffU >> (n + 1));
	for (i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3fU);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

void utf8_put(struct buf *to, uint32_t c)
{
	if (c < 0x80) {
		buf_char(to, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_char(to, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_char(to, (char)(0xe0 | c >> 12));
		buf_char(to, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_char(to, (char)(0xf0 | c >> 18));
		buf_char(to, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_char(to, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_char(to, (char)(0x80 | (c & 0x3f)));
}

bool utf8_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}
