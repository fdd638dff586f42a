/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/xml.h"

#include <inttypes.h>
#include <string.h>

#include "sinks/utf8.h"

static bool is_xml(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xfffe && c != 0xffff);
}

void xml_text(struct buf *to, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = strlen(text), n;
	uint32_t c;

	for (; len; s += n, len -= n) {
		n = utf8_take(s, len, &c);
		if (!n || !is_xml(c)) {
			buf_str(to, "\xef\xbf\xbd");
			n += !n;
		} else if (utf8_hidden(c) || (c < 0x80 && strchr("<>&\"'", (int)c))) {
			buf_fmt(to, "&#%" PRIu32 ";", c);
		} else {
			buf_add(to, s, n);
		}
	}
}

void xml_attribute(struct buf *to, const char *name, const char *value)
{
	buf_fmt(to, " %s=\"", name);
	xml_text(to, value);
	buf_char(to, '"');
}
