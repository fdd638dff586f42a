/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_METRICS_REQUEST_H
#define SYNSENT_SINKS_METRICS_REQUEST_H

#include "sinks/metrics_accept.h"
#include "util/http_request.h"

#define METRICS_HEAD_MAX 8192

/* What is to be said to a client. */
enum metrics_answer {
	METRICS_WAIT, /* nothing yet */
	METRICS_TEXT, /* 200, the metrics: GET /metrics */
	METRICS_PAGE, /* 200, a page with a link to them: GET / */
	METRICS_BAD,
	METRICS_NOT_FOUND,
	METRICS_NOT_ALLOWED, /* neither GET nor HEAD */
	METRICS_TOO_LARGE,
	METRICS_FAILED, /* ours: there is no memory */
	METRICS_VERSION,
	METRICS_ANSWER_N,
};

/*
 * The request of a connection: there is one alone, which is answered at the end of
 * its head, and what comes behind that is not looked at.  Pure.
 */
struct metrics_request {
	struct http_request http;
	struct metrics_accept accept;
	enum metrics_answer answer; /* so far */
	int hosts;		    /* Host fields */
};

void metrics_request_init(struct metrics_request *r);

/* Bytes come in as they may.  Not to be called after another answer than METRICS_WAIT. */
enum metrics_answer metrics_request_feed(struct metrics_request *r, struct bytes in);

/* HEAD: the answer is wanted without its body. */
bool metrics_request_head_only(const struct metrics_request *r);

#endif
