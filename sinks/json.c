/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* The comma before a value, a key or an opening bracket, where one is due. */
static void separate(struct json *j)
{
	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (!j->depth)
		return;
	if (!j->first[j->depth - 1])
		buf_char(j->to, ',');
	j->first[j->depth - 1] = false;
}

void json_init(struct json *j, struct buf *to)
{
	memset(j, 0, sizeof(*j));
	j->to = to;
}

static void begin(struct json *j, bool array)
{
	assert(j->depth < JSON_DEPTH_MAX);
	separate(j);
	buf_char(j->to, array ? '[' : '{');
	j->array[j->depth] = array;
	j->first[j->depth++] = true;
}

void json_object(struct json *j)
{
	begin(j, false);
}

void json_array(struct json *j)
{
	begin(j, true);
}

void json_end(struct json *j)
{
	assert(j->depth > 0 && !j->after_key);
	buf_char(j->to, j->array[--j->depth] ? ']' : '}');
}

/* One character of UTF-8 (RFC 3629 section 4): its length, or 0 when the bytes at s are none. */
static size_t utf8_take(const unsigned char *s, size_t len, uint32_t *ret)
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

/* What a terminal would act upon or not show: it is escaped, because people look at JSON lines too. */
static bool hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static void quote(struct buf *to, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = strlen(text), n;
	uint32_t c;

	buf_char(to, '"');
	for (; len; s += n, len -= n) {
		n = utf8_take(s, len, &c);
		if (!n) {
			buf_str(to, "\xef\xbf\xbd");
			n = 1;
		} else if (c == '"' || c == '\\') {
			buf_fmt(to, "\\%c", (char)c);
		} else if (c == '\n') {
			buf_str(to, "\\n");
		} else if (c == '\t') {
			buf_str(to, "\\t");
		} else if (hidden(c)) {
			buf_fmt(to, "\\u%04" PRIx32, c);
		} else {
			buf_add(to, s, n);
		}
	}
	buf_char(to, '"');
}

void json_key(struct json *j, const char *key)
{
	assert(j->depth > 0 && !j->array[j->depth - 1] && !j->after_key);
	separate(j);
	quote(j->to, key);
	buf_char(j->to, ':');
	j->after_key = true;
}

void json_string(struct json *j, const char *s)
{
	if (!s) {
		json_null(j);
		return;
	}
	separate(j);
	quote(j->to, s);
}

void json_int(struct json *j, int64_t n)
{
	separate(j);
	buf_fmt(j->to, "%" PRId64, n);
}

void json_uint(struct json *j, uint64_t n)
{
	separate(j);
	buf_fmt(j->to, "%" PRIu64, n);
}

void json_bool(struct json *j, bool b)
{
	separate(j);
	buf_str(j->to, b ? "true" : "false");
}

void json_null(struct json *j)
{
	separate(j);
	buf_str(j->to, "null");
}

void json_ms(struct json *j, int64_t ns)
{
	uint64_t abs = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint64_t rest = abs % 1000000;
	int digits = 6;

	separate(j);
	buf_fmt(j->to, "%s%" PRIu64, ns < 0 ? "-" : "", abs / 1000000);
	if (!rest)
		return;
	for (; rest % 10 == 0; rest /= 10)
		digits--;
	buf_fmt(j->to, ".%0*" PRIu64, digits, rest);
}

void json_key_string(struct json *j, const char *key, const char *s)
{
	if (!s || !*s)
		return;
	json_key(j, key);
	json_string(j, s);
}

void json_key_int(struct json *j, const char *key, int64_t n)
{
	json_key(j, key);
	json_int(j, n);
}
