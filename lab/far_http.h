/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FAR_HTTP_H
#define SYNSENT_LAB_FAR_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "util/bytes.h"
#include "util/http_request.h"

/*
 * One fixed answer to every HTTP/1 request that util/http_request.h reads.  Pure.
 *
 * A request in chunks is answered before its body, and the connection is over; so it is after what is no request (400),
 * has a head of more than HTTP_HEAD_MAX bytes (431), or another major version (505).
 */
#define FAR_HTTP_TEXT_MAX 160 /* the longest answer */
#define FAR_HTTP_SHORTEST \
	13 /* no request is shorter, so that many bytes make one answer at most (and one is under way) */

struct far_http_answer {
	const char *text; /* static */
	size_t len;
	bool close; /* nothing comes after it: what the client still sends is to be thrown away */
};

/*
 * Takes bytes from `in` up to the next thing to say.  True: *ret is to be said (100 Continue, too), and there may be
 * more in `in`.  False: `in` is taken whole.
 */
bool far_http_feed(struct http_request *h, struct bytes *in, struct far_http_answer *ret);

/* How the first bytes of a connection look. */
enum far_http_start {
	FAR_HTTP_IS,	/* a request's: "GET ", "POST ", ... */
	FAR_HTTP_ISNT,	/* CONNECT is none of them */
	FAR_HTTP_MAYBE, /* too few to tell */
};

#define FAR_HTTP_START_MAX 8 /* so many bytes are always enough */

enum far_http_start far_http_looks(struct bytes first);

#endif
