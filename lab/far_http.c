/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/far_http.h"

#include <string.h>

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

/* The request is there, whole. */
static bool answer(const struct http_request *h, struct far_http_answer *ret)
{
	const char *text = h->method == HTTP_CONNECT ? connected : h->close ? ok_close : ok;

	return say(ret, text, strlen(text) - (h->method == HTTP_HEAD ? sizeof(BODY) - 1 : 0), h->close);
}

bool far_http_feed(struct http_request *h, struct bytes *in, struct far_http_answer *ret)
{
	for (;;) {
		switch (http_request_feed(h, in)) {
		case HTTP_SEEN_NOTHING:
			return false;
		case HTTP_SEEN_LINE:
		case HTTP_SEEN_FIELD:
			break;
		case HTTP_SEEN_HEAD:
			if (h->continues)
				return say(ret, goes_on, strlen(goes_on), false);
			break;
		case HTTP_SEEN_ALL:
			return answer(h, ret);
		case HTTP_SEEN_BAD:
			return say(ret, bad, strlen(bad), true);
		case HTTP_SEEN_TOO_LARGE:
			return say(ret, too_large, strlen(too_large), true);
		case HTTP_SEEN_VERSION:
			return say(ret, version, strlen(version), true);
		}
	}
}
