/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/event_text.h"
#include "util/buf.h"

/* A line that is read is written again as a line that reads as the same event. */
static void check_line(const char *line, size_t len)
{
	struct buf once = { 0 }, twice = { 0 };
	struct event ev, again;
	const char *why = NULL;
	int r = event_parse(line, len, &ev, &why);

	MUST(r == 1 || r == 0 || why);
	if (r == 1) {
		event_format(&ev, &once);
		MUST(once.len && once.data[once.len - 1] == '\n');
		MUST(event_parse(once.data, once.len - 1, &again, &why) == 1);
		event_format(&again, &twice);
		MUST(!strcmp(buf_text(&once), buf_text(&twice)));
	}
	buf_fini(&once);
	buf_fini(&twice);
}

/* An input is a file of events: one per line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size, *eol;

	while (at < end) {
		eol = memchr(at, '\n', (size_t)(end - at));
		check_line(at, (size_t)((eol ? eol : end) - at));
		at = eol ? eol + 1 : end;
	}
	return 0;
}
