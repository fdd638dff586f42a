/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/http_request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static enum http_seen over(struct http_request *h, enum http_seen why)
{
	h->state = HTTP_OVER;
	return why;
}

static enum http_method method_of(const char *word)
{
	return !strcmp(word, "GET")	  ? HTTP_GET
	       : !strcmp(word, "HEAD")	  ? HTTP_HEAD
	       : !strcmp(word, "CONNECT") ? HTTP_CONNECT
					  : HTTP_OTHER;
}

/* A method, a target and a version, with a blank between; blanks in the target do no harm. */
static enum http_seen request_line(struct http_request *h)
{
	size_t method = strcspn(h->line, " ");
	const char *http = h->tail + sizeof(h->tail) - h->cr - strlen("HTTP/1.1");

	if (!method || h->line_len < method + 2 + strlen("HTTP/1.1") || h->line[method] != ' ' || http[-1] != ' ' ||
	    strncmp(http, "HTTP/", 5) != 0 || !isdigit((unsigned char)http[5]) || http[6] != '.' ||
	    !isdigit((unsigned char)http[7]))
		return HTTP_SEEN_BAD;
	if (http[5] != '1')
		return HTTP_SEEN_VERSION;
	h->line[method] = 0;
	h->target = h->line + method + 1;
	if (!h->cut)
		h->line[h->line_len - strlen(" HTTP/1.1")] = 0;
	h->method = method_of(h->line);
	h->minor = http[7] - '0';
	h->close = h->method == HTTP_CONNECT || !h->minor;
	return HTTP_SEEN_LINE;
}

/* RFC 9112 6.3: several that differ are an attack. */
static bool content_length(struct http_request *h)
{
	uint64_t len = 0;
	size_t i;

	for (i = 0; isdigit((unsigned char)h->value[i]) && i < 19; i++)
		len = len * 10 + (uint64_t)(h->value[i] - '0');
	if (!i || i > 18 || h->value[i] || h->cut || (h->has_length && h->body_len != len))
		return false;
	h->has_length = true;
	h->body_len = len;
	return true;
}

/* A word in a list of them. */
static bool has_word(const char *list, const char *word)
{
	size_t len;

	for (;;) {
		list += strspn(list, " \t,");
		if (!*list)
			return false;
		len = strcspn(list, " \t,");
		if (len == strlen(word) && !strncasecmp(list, word, len))
			return true;
		list += len;
	}
}

/* False: what the field says of the request's length cannot be. */
static bool framing(struct http_request *h)
{
	if (!strcasecmp(h->name, "Content-Length"))
		return content_length(h);
	if (!strcasecmp(h->name, "Transfer-Encoding"))
		h->chunked = true;
	else if (!strcasecmp(h->name, "Connection"))
		h->close = h->close || h->cut || has_word(h->value, "close");
	else if (!strcasecmp(h->name, "Expect"))
		h->continues = !strcasecmp(h->value, "100-continue");
	return true;
}

/* A line of which not all is kept is none of interest, or has something to hide. */
static enum http_seen field_line(struct http_request *h)
{
	char *colon = strchr(h->line, ':'), *value;
	size_t len;

	h->name = h->value = "";
	if (!colon)
		return h->cut ? HTTP_SEEN_FIELD : HTTP_SEEN_BAD;
	*colon = 0;
	if (colon == h->line || h->line[strcspn(h->line, " \t")])
		return HTTP_SEEN_BAD;
	value = colon + 1 + strspn(colon + 1, " \t");
	for (len = strlen(value); len && strchr(" \t", value[len - 1]); len--)
		value[len - 1] = 0;
	h->name = h->line;
	h->value = value;
	return framing(h) ? HTTP_SEEN_FIELD : HTTP_SEEN_BAD;
}

/* The empty line came. */
static enum http_seen head_end(struct http_request *h)
{
	/* What follows a request in chunks, or CONNECT, is not read. */
	h->close = h->close || h->chunked;
	if (h->chunked || h->method == HTTP_CONNECT)
		h->body_len = 0;
	h->continues = h->continues && h->body_len;
	h->state = h->body_len ? HTTP_IN_BODY : HTTP_WHOLE;
	return HTTP_SEEN_HEAD;
}

static enum http_seen line_end(struct http_request *h)
{
	size_t kept = h->line_len < sizeof(h->line) ? h->line_len : sizeof(h->line) - 1;
	enum http_seen seen;

	h->line[kept] = 0;
	h->cut = h->line_len >= sizeof(h->line);
	if (!h->line_len)
		return h->any_line ? head_end(h) : HTTP_SEEN_NOTHING;
	if (memchr(h->line, 0, kept))
		return over(h, HTTP_SEEN_BAD);
	seen = h->any_line ? field_line(h) : request_line(h);
	h->any_line = true;
	h->line_len = 0;
	return seen >= HTTP_SEEN_BAD ? over(h, seen) : seen;
}

static void keep(struct http_request *h, uint8_t byte)
{
	memmove(h->tail, h->tail + 1, sizeof(h->tail) - 1);
	h->tail[sizeof(h->tail) - 1] = (char)byte;
	if (h->line_len < sizeof(h->line))
		h->line[h->line_len] = (char)byte;
	h->line_len++;
}

static enum http_seen head_byte(struct http_request *h, uint8_t byte)
{
	if (++h->head_len > (h->head_max ? h->head_max : HTTP_HEAD_MAX))
		return over(h, HTTP_SEEN_TOO_LARGE);
	if (byte != '\n') {
		keep(h, byte);
		return HTTP_SEEN_NOTHING;
	}
	h->cr = h->line_len && h->tail[sizeof(h->tail) - 1] == '\r';
	h->line_len -= h->cr;
	return line_end(h);
}

static void body(struct http_request *h, struct bytes *in)
{
	size_t n = in->len < h->body_len ? in->len : (size_t)h->body_len;

	bytes_skip(in, n);
	h->body_len -= n;
	if (!h->body_len)
		h->state = HTTP_WHOLE;
}

/* The request that was read stays to be looked at until the first byte of another. */
static void restart(struct http_request *h)
{
	uint32_t head_max = h->head_max;

	memset(h, 0, sizeof(*h));
	h->head_max = head_max;
}

enum http_seen http_request_feed(struct http_request *h, struct bytes *in)
{
	enum http_seen seen;
	uint8_t byte;

	for (;;) {
		switch (h->state) {
		case HTTP_WHOLE:
			h->state = h->close ? HTTP_OVER : HTTP_NEXT;
			return HTTP_SEEN_ALL;
		case HTTP_OVER:
			bytes_skip(in, in->len);
			return HTTP_SEEN_NOTHING;
		case HTTP_IN_BODY:
			if (!in->len)
				return HTTP_SEEN_NOTHING;
			body(h, in);
			break;
		case HTTP_NEXT:
		case HTTP_IN_HEAD:
			if (!bytes_u8(in, &byte))
				return HTTP_SEEN_NOTHING;
			if (h->state == HTTP_NEXT)
				restart(h);
			seen = head_byte(h, byte);
			if (seen != HTTP_SEEN_NOTHING)
				return seen;
			break;
		}
	}
}
