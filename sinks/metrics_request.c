/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/metrics_request.h"

#include <string.h>
#include <strings.h>

void metrics_request_init(struct metrics_request *r)
{
	memset(r, 0, sizeof(*r));
	r->http.head_max = METRICS_HEAD_MAX;
}

/* The path of a target, which is "/path?query", or "http://host/path?query" as to a proxy (RFC 9112 3.2.2). */
static enum metrics_answer page_of(const char *target)
{
	size_t len;

	if (!strncasecmp(target, "http://", 7)) {
		target += 7 + strcspn(target + 7, "/?");
		if (*target != '/')
			return METRICS_PAGE;
	}
	len = strcspn(target, "?");
	if (len == 1 && *target == '/')
		return METRICS_PAGE;
	return len == 8 && !memcmp(target, "/metrics", 8) ? METRICS_TEXT : METRICS_NOT_FOUND;
}

static enum metrics_answer line(const struct http_request *h)
{
	if (h->method != HTTP_GET && h->method != HTTP_HEAD)
		return METRICS_NOT_ALLOWED;
	return page_of(h->target);
}

static void field(struct metrics_request *r)
{
	if (!strcasecmp(r->http.name, "Accept"))
		metrics_accept_feed(&r->accept, r->http.value, r->http.cut);
	else if (!strcasecmp(r->http.name, "Host"))
		r->hosts++;
}

enum metrics_answer metrics_request_feed(struct metrics_request *r, struct bytes in)
{
	for (;;) {
		switch (http_request_feed(&r->http, &in)) {
		case HTTP_SEEN_NOTHING:
			return METRICS_WAIT;
		case HTTP_SEEN_LINE:
			r->answer = line(&r->http);
			break;
		case HTTP_SEEN_FIELD:
			field(r);
			break;
		case HTTP_SEEN_HEAD:
		case HTTP_SEEN_ALL:
			/* RFC 9112 3.2: one Host; before HTTP/1.1 there may be none */
			return r->hosts > 1 || (!r->hosts && r->http.minor) ? METRICS_BAD : r->answer;
		case HTTP_SEEN_BAD:
			return METRICS_BAD;
		case HTTP_SEEN_TOO_LARGE:
			return METRICS_TOO_LARGE;
		case HTTP_SEEN_VERSION:
			return METRICS_VERSION;
		}
	}
}

bool metrics_request_head_only(const struct metrics_request *r)
{
	return r->http.method == HTTP_HEAD;
}
