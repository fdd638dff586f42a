/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "sinks/utf8.h"

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

void json_begin_object(struct json *j)
{
	begin(j, false);
}

void json_begin_array(struct json *j)
{
	begin(j, true);
}

void json_end(struct json *j)
{
	assert(j->depth > 0 && !j->after_key);
	buf_char(j->to, j->array[--j->depth] ? ']' : '}');
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
		} else if (utf8_hidden(c)) {
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

void json_text(struct json *j, const char *s)
{
	if (!s) {
		json_nothing(j);
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

void json_nothing(struct json *j)
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
	json_text(j, s);
}

void json_key_int(struct json *j, const char *key, int64_t n)
{
	json_key(j, key);
	json_int(j, n);
}
