/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/event_text.h"
#include "core/tracker.h"
#include "core/verdict.h"
#include "sinks/attempt_json.h"
#include "util/buf.h"

/*
 * Recorded events on stdin through a tracker of its own: capture.py compares
 * the attempts, printed as JSON, with what the lab said of them.
 */
static void on_attempt(const struct attempt *a, void *user)
{
	struct attempt_json_opts o = { .source = "lab" };
	struct buf b = { 0 };
	struct verdict v;

	(void)user;
	verdict_make(a, &v);
	attempt_json(a, &v, &o, &b);
	fputs(buf_text(&b), stdout);
	buf_fini(&b);
}

int main(void)
{
	struct tracker_config tc = { .max_attempts = 64, .linger_ns = INT64_MAX, .fn = on_attempt };
	struct tracker *t = tracker_new(&tc);
	const char *why = NULL;
	int64_t last_ns = 0;
	char line[4096];
	int n = 0;

	if (!t || !fgets(line, sizeof(line), stdin) || strcmp(line, EVENT_TEXT_HEADER "\n")) {
		fprintf(stderr, "the first line is not \"" EVENT_TEXT_HEADER "\"\n");
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		size_t len = strlen(line);
		struct event ev;
		int r = len && line[len - 1] == '\n' ? event_parse(line, len - 1, &ev, &why) : -1;

		if (r < 0) {
			fprintf(stderr, "%s: %s", why ? why : "cut off", line);
			return 1;
		}
		if (!r)
			continue;
		tracker_feed(t, &ev);
		last_ns = ev.t_ns;
		n++;
	}
	tracker_finish(t, last_ns);
	tracker_free(t);
	fprintf(stderr, "%d events\n", n);
	return n ? 0 : 1;
}
