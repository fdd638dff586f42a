/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/far_http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY "synsent: the far end answers\n"
#define LENGTH "29"
_Static_assert(sizeof(BODY) - 1 == 29, "LENGTH is BODY's");

#define TYPE "Content-Type: text/plain\r\nContent-Length: "
#define CLOSE "Connection: close\r\n"

static const char ok[] = "HTTP/1.1 200 OK\r\n" TYPE LENGTH "\r\n\r\n" BODY;
static const char ok_close[] = "HTTP/1.1 200 OK\r\n" TYPE LENGTH "\r\n" CLOSE "\r\n" BODY;
static const char connected[] = "HTTP/1.1 200 OK\r\n\r\n"; /* RFC 9110 9.3.6: without a length */
static const char goes_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
static const char bad[] = "HTTP/1.1 400 Bad Request\r\n" TYPE "0\r\n" CLOSE "\r\n";
static const char too_large[] = "HTTP/1.1 431 Request Header Fields Too Large\r\n" TYPE "0\r\n" CLOSE "\r\n";
static const char version[] = "HTTP/1.1 505 HTTP Version Not Supported\r\n" TYPE "0\r\n" CLOSE "\r\n";
_Static_assert(sizeof(too_large) <= FAR_HTTP_TEXT_MAX && sizeof(ok_close) <= FAR_HTTP_TEXT_MAX, "room for each");

enum far_http_start far_http_looks(struct bytes first)
{
	static const char *const methods[] = { "GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "PATCH " };
	enum far_http_start r = FAR_HTTP_ISNT;
	size_t i, len;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		len = strlen(methods[i]);
		if (memcmp(first.p, methods[i], first.len < len ? first.len : len) != 0)
			continue;
		if (first.len >= len)
			return FAR_HTTP_IS;
		r = FAR_HTTP_MAYBE;
	}
	return r;
}

static bool say(struct far_http_answer *ret, const char *text, size_t len, bool close)
{
	*ret = (struct far_http_answer){ text, len, close };
	return true;
}

static bool refuse(struct far_http *h, struct far_http_answer *ret, const char *text)
{
	h->state = FAR_HTTP_OVER;
	return say(ret, text, strlen(text), true);
}

/* The request is there, whole. */
static bool answer(struct far_http *h, struct far_http_answer *ret)
{
	const char *text = h->connect ? connected : h->close ? ok_close : ok;
	size_t len = strlen(text) - (h->head_only ? sizeof(BODY) - 1 : 0);
	bool close = h->close;

	memset(h, 0, sizeof(*h));
	h->state = close ? FAR_HTTP_OVER : FAR_HTTP_HEAD;
	return say(ret, text, len, close);
}

/* A method, a target and a version, with a blank between; blanks in the target do no harm.  NULL: it is fine. */
static const char *request_line(struct far_http *h)
{
	size_t method = strcspn(h->line, " ");
	const char *http = h->tail + sizeof(h->tail) - h->cr - strlen("HTTP/1.1");

	if (!method || h->line_len < method + 2 + strlen("HTTP/1.1") || h->line[method] != ' ' || http[-1] != ' ' ||
	    strncmp(http, "HTTP/", 5) != 0 || !isdigit((unsigned char)http[5]) || http[6] != '.' ||
	    !isdigit((unsigned char)http[7]))
		return bad;
	if (http[5] != '1')
		return version;
	h->head_only = method == 4 && !strncmp(h->line, "HEAD", 4);
	h->connect = method == 7 && !strncmp(h->line, "CONNECT", 7);
	h->close = h->connect || http[7] == '0';
	return NULL;
}

/* RFC 9112 6.3: several that differ are an attack. */
static const char *content_length(struct far_http *h, const char *value)
{
	uint64_t len = 0;
	size_t i;

	for (i = 0; isdigit((unsigned char)value[i]); i++)
		len = len * 10 + (uint64_t)(value[i] - '0');
	if (!i || i > 18 || value[i] || (h->has_length && h->body_len != len))
		return bad;
	h->has_length = true;
	h->body_len = len;
	return NULL;
}

/* "close" in a list of words. */
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

/* NULL: it is fine.  A line of which not all is kept is none of interest, or has something to hide. */
static const char *field_line(struct far_http *h)
{
	char *colon = strchr(h->line, ':'), *value;
	bool whole = h->line_len < sizeof(h->line);
	size_t len;

	if (!colon)
		return whole ? bad : NULL;
	*colon = 0;
	if (colon == h->line || h->line[strcspn(h->line, " \t")])
		return bad;
	value = colon + 1 + strspn(colon + 1, " \t");
	for (len = strlen(value); len && strchr(" \t", value[len - 1]); len--)
		value[len - 1] = 0;
	if (!strcasecmp(h->line, "Content-Length"))
		return whole ? content_length(h, value) : bad;
	if (!strcasecmp(h->line, "Transfer-Encoding"))
		h->chunked = true;
	else if (!strcasecmp(h->line, "Connection"))
		h->close = h->close || !whole || has_word(value, "close");
	else if (!strcasecmp(h->line, "Expect"))
		h->waits = !strcasecmp(value, "100-continue");
	return NULL;
}

/* The empty line came. */
static bool head_end(struct far_http *h, struct far_http_answer *ret)
{
	/* What follows a request in chunks, or CONNECT, is not read. */
	h->close = h->close || h->chunked;
	if (h->chunked || h->connect || !h->body_len)
		return answer(h, ret);
	h->state = FAR_HTTP_BODY;
	return h->waits ? say(ret, goes_on, strlen(goes_on), false) : false;
}

/* A line is there.  True: something is to be said. */
static bool line_end(struct far_http *h, struct far_http_answer *ret)
{
	size_t kept = h->line_len < sizeof(h->line) ? h->line_len : sizeof(h->line) - 1;
	const char *wrong;

	h->line[kept] = 0;
	if (!h->line_len)
		return h->any_line ? head_end(h, ret) : false;
	if (memchr(h->line, 0, kept))
		return refuse(h, ret, bad);
	wrong = h->any_line ? field_line(h) : request_line(h);
	h->any_line = true;
	h->line_len = 0;
	return wrong ? refuse(h, ret, wrong) : false;
}

static void keep(struct far_http *h, uint8_t byte)
{
	memmove(h->tail, h->tail + 1, sizeof(h->tail) - 1);
	h->tail[sizeof(h->tail) - 1] = (char)byte;
	if (h->line_len < sizeof(h->line))
		h->line[h->line_len] = (char)byte;
	h->line_len++;
}

static bool head_byte(struct far_http *h, uint8_t byte, struct far_http_answer *ret)
{
	if (++h->head_len > FAR_HTTP_HEAD_MAX)
		return refuse(h, ret, too_large);
	if (byte != '\n') {
		keep(h, byte);
		return false;
	}
	h->cr = h->line_len && h->tail[sizeof(h->tail) - 1] == '\r';
	h->line_len -= h->cr;
	return line_end(h, ret);
}

bool far_http_feed(struct far_http *h, struct bytes *in, struct far_http_answer *ret)
{
	uint8_t byte;

	while (in->len) {
		switch (h->state) {
		case FAR_HTTP_OVER:
			bytes_skip(in, in->len);
			break;
		case FAR_HTTP_BODY: {
			size_t n = in->len < h->body_len ? in->len : (size_t)h->body_len;

			bytes_skip(in, n);
			h->body_len -= n;
			if (!h->body_len)
				return answer(h, ret);
			break;
		}
		case FAR_HTTP_HEAD:
			bytes_u8(in, &byte);
			if (head_byte(h, byte, ret))
				return true;
			break;
		}
	}
	return false;
}
