/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/diagram_layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)

unsigned int diagram_char(const char *s, const char **ret_next)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned int c = *p++;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

	c &= more ? 0x3fU >> more : 0x7fU;
	while (more-- && (*p & 0xc0) == 0x80)
		c = c << 6 | (*p++ & 0x3fU);
	*ret_next = (const char *)p;
	return c;
}

bool diagram_char_is_wide(unsigned int c)
{
	return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
	       (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	       (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

int diagram_columns(const char *s, size_t len)
{
	const char *end = s + len;
	int n = 0;

	while (s < end)
		n += diagram_char_is_wide(diagram_char(s, &s)) ? 2 : 1;
	return n;
}

size_t diagram_wrap(const char *s, int columns, const char **ret_next)
{
	const char *p = s, *blank = NULL, *next;
	int n = 0;

	while (*p) {
		n += diagram_char_is_wide(diagram_char(p, &next)) ? 2 : 1;
		if (*p == ' ')
			blank = p;
		if (n > columns && p > s)
			break;
		p = next;
	}
	if (!*p) {
		*ret_next = p;
		return (size_t)(p - s);
	}
	if (blank && blank > s)
		p = blank;
	for (next = p; *next == ' ';)
		next++;
	*ret_next = next;
	return (size_t)(p - s);
}

void diagram_escape(const char *text, struct buf *to)
{
	buf_reset(to);
	buf_escaped(to, text, strlen(text));
}

void diagram_time(int64_t ns, bool nominal, char to[24])
{
	uint64_t u = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	const char *sign = ns < 0 ? "-" : nominal ? "~" : "";

	if (u && u < 10 * MS) {
		snprintf(to, 24, "%s0.%06" PRIu64, sign, u / 1000);
		return;
	}
	u += MS / 2;
	snprintf(to, 24, "%s%" PRIu64 ".%03" PRIu64, sign, u / S, u % S / MS);
}

void diagram_rto(int64_t ns, char to[16])
{
	if (ns <= 0)
		to[0] = 0;
	else if (ns % S == 0)
		snprintf(to, 16, "%" PRId64 " s", ns / S);
	else if (ns > S)
		snprintf(to, 16, "%" PRId64 ".%" PRId64 " s", ns / S, ns % S / (100 * MS));
	else
		snprintf(to, 16, "%" PRId64 " ms", ns / MS);
}
