/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/event_text.h"
#include "core/tracker.h"
#include "util/duration.h"

#define LINE_MAX_LEN 65536 /* no event is as long */
#define ATTEMPTS_MAX 8192
#define LINGER_NS (2 * NS_PER_S)

struct player {
	const struct read_events_opts *o;
	struct tracker *tracker;
	struct read_events_result *result;
	uint64_t line;
	bool any;
	int64_t shift_ns;
	struct err *e;
	int status;
};

static void on_attempt(const struct attempt *a, void *user)
{
	const struct player *p = user;

	p->o->on_attempt(a, p->o->user);
}

static void bad_line(struct player *p, const char *why)
{
	if (!p->result->bad_lines++)
		p->status = err_set(p->e, EBADMSG, "%s: line %" PRIu64 ": %s", p->o->path, p->line, why);
}

static void play(struct player *p, struct event *ev)
{
	struct read_events_result *r = p->result;

	/* written by hand, its times count from 0, which is no time for an attempt */
	if (!p->any)
		p->shift_ns = ev->t_ns < NS_PER_S;
	ev->t_ns += p->shift_ns;
	if (!p->any || ev->t_ns < r->first_ns)
		r->first_ns = ev->t_ns;
	if (!p->any || ev->t_ns > r->last_ns)
		r->last_ns = ev->t_ns;
	p->any = true;
	r->packets += ev->kind == EVENT_SEGMENT || ev->kind == EVENT_ICMP;
	tracker_feed(p->tracker, ev);
	tracker_advance(p->tracker, r->last_ns);
}

static void take_line(struct player *p, const char *line, size_t len)
{
	const char *why = "no event";
	struct event ev;
	int r;

	p->line++;
	if (p->line == 1)
		return; /* by it the file was known */
	r = event_parse(line, len, &ev, &why);
	if (r > 0)
		play(p, &ev);
	else if (r < 0)
		bad_line(p, why);
}

/* Lines of the bytes so far; how many are left of one that has no end yet. */
static size_t take_lines(struct player *p, char *text, size_t len)
{
	char *end;
	size_t at = 0;

	while ((end = memchr(text + at, '\n', len - at))) {
		take_line(p, text + at, (size_t)(end - (text + at)));
		at = (size_t)(end - text) + 1;
	}
	memmove(text, text + at, len - at);
	return len - at;
}

static void pump(struct player *p, struct capture *c, char *text)
{
	struct err why = { 0 };
	size_t left = 0;
	ssize_t n;

	while ((n = capture_read_text(c, text + left, LINE_MAX_LEN - left, &why)) > 0) {
		left = take_lines(p, text, left + (size_t)n);
		if (left == LINE_MAX_LEN) {
			p->line++;
			bad_line(p, "it is longer than any event");
			left = 0;
		}
	}
	if (left)
		take_line(p, text, left);
	if (n < 0 && !p->status) {
		*p->e = why;
		p->status = (int)n;
	}
}

int read_events(struct capture *c, const struct read_events_opts *o, struct read_events_result *ret, struct err *e)
{
	struct player p = { .o = o, .result = ret, .e = e };
	struct tracker_config tc = {
		.max_attempts = ATTEMPTS_MAX, .seed = o->seed, .linger_ns = LINGER_NS, .fn = on_attempt, .user = &p
	};
	struct tracker_counts counts;
	char *text = malloc(LINE_MAX_LEN);

	*ret = (struct read_events_result){ 0 };
	while (tc.max_attempts > 1 && tracker_memory(tc.max_attempts) > o->memory)
		tc.max_attempts /= 2;
	p.tracker = tracker_new(&tc);
	if (text && p.tracker) {
		pump(&p, c, text);
		tracker_finish(p.tracker, ret->last_ns);
		tracker_counts(p.tracker, &counts);
		ret->duplicates = counts.duplicates;
		ret->evicted = counts.evicted;
		ret->lost = counts.lost;
	} else {
		p.status = err_sys(e, ENOMEM, "%s", o->path);
	}
	tracker_free(p.tracker);
	free(text);
	return p.status;
}
