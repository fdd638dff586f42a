/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event_text.h"

#define MAX_ATTEMPTS 64
#define SECONDS_MAX 1000000000.0

/* A comment that directs; others say something to the reader alone. */
static const char *direct(const char *line, size_t len, struct script *s)
{
	char text[80], word[20], rest;
	double value;

	if (len >= sizeof(text))
		return NULL;
	memcpy(text, line, len);
	text[len] = 0;
	if (sscanf(text, "# %19s", word) != 1 ||
	    (strcmp(word, "max_attempts") && strcmp(word, "linger") && strcmp(word, "until")))
		return NULL;
	if (sscanf(text, "# %*s %lf %c", &value, &rest) != 1 || !(value >= 0) || value > SECONDS_MAX)
		return "a directive without its one number";
	if (!strcmp(word, "max_attempts")) {
		s->max_attempts = (size_t)(value < MAX_ATTEMPTS ? value : MAX_ATTEMPTS);
	} else if (!strcmp(word, "until")) {
		s->until_ns = (int64_t)(value * 1e9 + 0.5);
	} else {
		s->has_linger = true;
		s->linger_ns = (int64_t)(value * 1e9 + 0.5);
	}
	return NULL;
}

const char *script_add_line(struct script *s, const char *line, size_t len)
{
	const char *why = NULL;
	struct event *events;
	int r;

	if (len == strlen(EVENT_TEXT_HEADER) && !memcmp(line, EVENT_TEXT_HEADER, len))
		return NULL;
	if (len && *line == '#')
		return direct(line, len, s);
	events = realloc(s->events, (s->n + 1) * sizeof(*events));
	if (!events)
		return "no memory";
	s->events = events;
	r = event_parse(line, len, &events[s->n], &why);
	if (r < 0)
		return why;
	s->n += (size_t)r;
	return NULL;
}

void script_init(struct script *s)
{
	memset(s, 0, sizeof(*s));
	s->max_attempts = MAX_ATTEMPTS;
	s->until_ns = -1;
}

int script_read(const char *text, size_t len, struct script *ret, const char **ret_why)
{
	const char *at = text, *end = text + len;
	int number = 1;

	script_init(ret);
	for (; at < end; number++) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));

		*ret_why = script_add_line(ret, at, (size_t)((eol ? eol : end) - at));
		if (*ret_why)
			return number;
		at = eol ? eol + 1 : end;
	}
	return 0;
}

void script_fini(struct script *s)
{
	free(s->events);
	s->events = NULL;
}

bool script_play(const struct script *s, int64_t base_ns, uint64_t seed, tracker_fn *fn, void *user,
		 struct tracker_counts *ret)
{
	const struct tracker_config c = { .max_attempts = s->max_attempts,
					  .seed = seed,
					  .linger_ns = s->has_linger ? s->linger_ns : INT64_MAX,
					  .fn = fn,
					  .user = user };
	int64_t until_ns = s->until_ns >= 0 ? s->until_ns : s->n ? s->events[s->n - 1].t_ns : 0;
	struct tracker *t = tracker_new(&c);
	size_t i;

	if (!t)
		return false;
	for (i = 0; i < s->n; i++) {
		struct event ev = s->events[i];

		ev.t_ns += base_ns;
		if (s->has_linger)
			tracker_advance(t, ev.t_ns);
		tracker_feed(t, &ev);
	}
	tracker_finish(t, base_ns + until_ns);
	tracker_counts(t, ret);
	tracker_free(t);
	return true;
}
