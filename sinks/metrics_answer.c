/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/metrics_answer.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN "text/plain; charset=utf-8"

static struct metrics_said *said(const char *status, const char *type, const char *field, const char *body, size_t len)
{
	struct metrics_said *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->users = 1;
	buf_fmt(&s->all,
		"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sCache-Control: no-store\r\n"
		"Connection: close\r\n\r\n",
		status, type, len, field);
	s->head_len = s->all.len;
	buf_add(&s->all, body, len);
	if (s->all.failed) {
		metrics_said_drop(s);
		return NULL;
	}
	return s;
}

struct metrics_said *metrics_said_text(const struct buf *text, enum openmetrics_format f)
{
	return said("200 OK", openmetrics_type(f), "Vary: Accept\r\n", buf_text(text), text->len);
}

struct metrics_said *metrics_said_fixed(enum metrics_answer a)
{
	static const struct {
		const char *status, *type, *field, *body;
	} fixed[METRICS_ANSWER_N] = {
		[METRICS_PAGE] = { "200 OK", "text/html; charset=utf-8", "",
				   "<!DOCTYPE html>\n<html lang=\"en\"><title>synsent</title>\n"
				   "<p>synsent watch: <a href=\"/metrics\">metrics</a>\n" },
		[METRICS_BAD] = { "400 Bad Request", PLAIN, "", "This is no HTTP request.\n" },
		[METRICS_NOT_FOUND] = { "404 Not Found", PLAIN, "", "The metrics are at /metrics.\n" },
		[METRICS_NOT_ALLOWED] = { "405 Method Not Allowed", PLAIN, "Allow: GET, HEAD\r\n",
					  "There is nothing here but to GET.\n" },
		[METRICS_TOO_LARGE] = { "431 Request Header Fields Too Large", PLAIN, "",
					"The request is too long.\n" },
		[METRICS_FAILED] = { "500 Internal Server Error", PLAIN, "", "There is no memory for the answer.\n" },
		[METRICS_VERSION] = { "505 HTTP Version Not Supported", PLAIN, "", "HTTP/1.1 is spoken here.\n" },
	};

	return said(fixed[a].status, fixed[a].type, fixed[a].field, fixed[a].body, strlen(fixed[a].body));
}

void metrics_said_drop(struct metrics_said *s)
{
	if (!s || --s->users)
		return;
	buf_fini(&s->all);
	free(s);
}
