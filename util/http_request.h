/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_HTTP_REQUEST_H
#define SYNSENT_UTIL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"

/*
 * A reader of HTTP/1 requests (RFC 9112) that knows where each ends.  Bytes go in
 * as they come, cut anywhere; how they are cut changes nothing.  Pure, and of
 * fixed size: of a line its first bytes are kept.
 *
 * Bodies are skipped by Content-Length.  One in chunks is not read: with such a
 * request the connection is over, as it is after HTTP/1.0, CONNECT, `Connection:
 * close`, and what is no request.
 */
#define HTTP_LINE_MAX 512   /* so much of a line is kept, with a NUL */
#define HTTP_HEAD_MAX 16384 /* bytes of a head, unless the caller says less */

enum http_method { HTTP_OTHER, HTTP_GET, HTTP_HEAD, HTTP_CONNECT };

enum http_seen {
	HTTP_SEEN_NOTHING, /* `in` is taken whole */
	HTTP_SEEN_LINE,	   /* the request line: method, target, minor */
	HTTP_SEEN_FIELD,   /* name, value */
	HTTP_SEEN_HEAD,	   /* the empty line: close, continues, body_len */
	HTTP_SEEN_ALL,	   /* the body too; another request may follow unless `close` is set */
	/* No request.  The connection is over. */
	HTTP_SEEN_BAD,	     /* to be answered by 400 */
	HTTP_SEEN_TOO_LARGE, /* 431: the head is longer than head_max */
	HTTP_SEEN_VERSION,   /* 505: another major version */
};

/* The caller's storage, not to be copied once in use; zero-initialised it waits for a request. */
struct http_request {
	uint32_t head_max; /* the caller's; 0: HTTP_HEAD_MAX */

	/* Of this request. */
	enum http_method method;
	int minor;	   /* of the version */
	bool close;	   /* nothing is read after this request */
	bool continues;	   /* the client waits for 100 Continue before it sends the body */
	uint64_t body_len; /* bytes of the body that are to come */
	/* Text until the next call; whatever bytes the client sent, but no NUL. */
	const char *target;
	const char *name, *value; /* without the blanks around it */
	bool cut;		  /* not all of that line is kept; then the end of target or value is missing */

	/* Its own. */
	enum { HTTP_IN_HEAD, HTTP_IN_BODY, HTTP_WHOLE, HTTP_NEXT, HTTP_OVER } state;
	uint32_t head_len; /* bytes of this head so far, with the empty lines in front of it */
	bool any_line, chunked, has_length;
	size_t line_len; /* without its end; may be longer than what is kept */
	bool cr;	 /* a CR stood in front of its LF */
	char line[HTTP_LINE_MAX];
	char tail[10]; /* its last bytes, with that CR */
};

/* Takes bytes from `in` up to the next thing to be seen; call it until there is nothing more. */
enum http_seen http_request_feed(struct http_request *h, struct bytes *in);

#endif
