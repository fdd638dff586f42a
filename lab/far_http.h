/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FAR_HTTP_H
#define SYNSENT_LAB_FAR_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"

/*
 * A reader of HTTP/1 requests (RFC 9112) that knows where each ends, and one fixed
 * answer to all of them.  Bytes go in as they come, cut anywhere; how they are cut
 * changes nothing.  Pure.
 *
 * Bodies are skipped by Content-Length.  One in chunks is not read: its request is answered at once, and
 * the connection is over.  So it is after HTTP/1.0, CONNECT, `Connection: close`, and what is no request (400), has
 * a head of more than 16 KiB (431), or another major version (505).
 */
#define FAR_HTTP_HEAD_MAX 16384
#define FAR_HTTP_TEXT_MAX 160 /* the longest answer */
#define FAR_HTTP_SHORTEST \
	13 /* no request is shorter, so that many bytes make one answer at most (and one is under way) */
#define FAR_HTTP_LINE_MAX 128 /* so much of a line is looked at */

/* The caller's storage; zero-initialised it waits for a request.  Its members are its own. */
struct far_http {
	enum { FAR_HTTP_HEAD, FAR_HTTP_BODY, FAR_HTTP_OVER } state;
	uint32_t head_len; /* bytes of this head so far, with the empty lines in front of it */
	uint64_t body_len; /* bytes of the body that are to come */
	bool any_line, head_only, connect, close, chunked, has_length, waits;
	size_t line_len;	      /* without its end; may be longer than what is kept */
	bool cr;		      /* a CR stood in front of its LF */
	char line[FAR_HTTP_LINE_MAX]; /* its first bytes */
	char tail[10];		      /* its last ones, with that CR */
};

struct far_http_answer {
	const char *text; /* static */
	size_t len;
	bool close; /* nothing comes after it: what the client still sends is to be thrown away */
};

/*
 * Takes bytes from `in` up to the next thing to say.  True: *ret is to be said (100 Continue, too), and there may be
 * more in `in`.  False: `in` is taken whole.
 */
bool far_http_feed(struct far_http *h, struct bytes *in, struct far_http_answer *ret);

/* How the first bytes of a connection look. */
enum far_http_start {
	FAR_HTTP_IS,	/* a request's: "GET ", "POST ", ... */
	FAR_HTTP_ISNT,	/* CONNECT is none of them */
	FAR_HTTP_MAYBE, /* too few to tell */
};

#define FAR_HTTP_START_MAX 8 /* so many bytes are always enough */

enum far_http_start far_http_looks(struct bytes first);

#endif
