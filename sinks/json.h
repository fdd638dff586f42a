/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_JSON_H
#define SYNSENT_SINKS_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

/*
 * A small streaming JSON writer: keys in the order given, integers exact,
 * strings valid whatever bytes come in (invalid UTF-8 becomes U+FFFD, and what
 * could steer a terminal is \u escaped).
 * The commas are its business.  Depth is bounded by JSON_DEPTH_MAX (assert).
 */
#define JSON_DEPTH_MAX 16

struct json {
	struct buf *to;
	int depth;
	bool first[JSON_DEPTH_MAX];
	bool array[JSON_DEPTH_MAX]; /* else object */
	bool after_key;
};

void json_init(struct json *j, struct buf *to);
void json_begin_object(struct json *j); /* { */
void json_begin_array(struct json *j);	/* [ */
void json_end(struct json *j);		/* } or ], whichever is open */
void json_key(struct json *j, const char *key);
void json_text(struct json *j, const char *s); /* NULL: null */
void json_int(struct json *j, int64_t n);
void json_uint(struct json *j, uint64_t n);
void json_bool(struct json *j, bool b);
void json_nothing(struct json *j);

/* Milliseconds from nanoseconds as a decimal number without loss: 1024, 1009.5 */
void json_ms(struct json *j, int64_t ns);

/* key + value in one call; the string one leaves the key out when s is NULL or "" */
void json_key_string(struct json *j, const char *key, const char *s);
void json_key_int(struct json *j, const char *key, int64_t n);

#endif
